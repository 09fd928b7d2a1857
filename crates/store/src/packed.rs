//! Snapshots that are still packed: nobody has looked at their files yet, and there are none, only the tar that the
//! layer ships as.
//!
//! A `COPY` that nothing comes after is never looked into while it is built. Its tar is one file, made at the speed at
//! which its sources can be read; tens of thousands of files in the store take ten times as long. Whoever needs them
//! first, a later build or a container, unpacks them, once.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use oci::compression::decoder;
use oci::{Descriptor, DiffId, DigestWriter};
use rustix::fs::FlockOperation;

use crate::archive::check_diff_id;
use crate::boot::boot_id;
use crate::layer_writer::LayerWriter;
use crate::measure::Census;
use crate::snapshot::CENSUS;
use crate::store::{Durability, create_new};
use crate::{
    Change, Draft, Error, LayerError, Recompress, Sealed, Snapshot, SnapshotId, SnapshotMeta,
    Store, Timestamps, apply, write_layer,
};

/// The layer's tar, in the directory of a packed snapshot.
const TAR: &str = "layer.tar";

/// The same compressed: a further name of a blob, so that the snapshot does not depend on who needs that.
const BLOB: &str = "layer.blob";

const BUFFER: usize = 256 << 10;

/// A layer that is going to be a packed snapshot.
struct Packed {
    sealed: Sealed,
    /// The bytes of its files.
    size: u64,
    /// What the snapshot holds then.
    census: Census,
    /// Its blob, if it was compressed.
    blob: Option<Descriptor>,
}

impl Draft {
    /// Makes changes a snapshot without making their files; what is in the draft's directory is dropped. The changes are
    /// those on the snapshots of `below`, the bottom one first. Files get times of whole seconds, as in every layer.
    ///
    /// Where the image is to leave compressed as `how` says, that is done in the same pass, and is what is kept.
    ///
    /// # Errors
    /// [`Error::Layer`] if the changes cannot be read, [`Error::Compressor`] if layers cannot be compressed so; as
    /// [`commit`](Draft::commit).
    pub fn commit_packed(
        self,
        id: &SnapshotId,
        below: &[SnapshotId],
        how: Option<&Recompress>,
        changes: impl Iterator<Item = Result<Change, LayerError>>,
    ) -> Result<Snapshot, Error> {
        let packed = match how.filter(|how| how.is_for_new_layers()) {
            Some(how) => self.write_blob(changes, how)?,
            None => self.write_tar(changes)?,
        };
        rootfs::remove_tree(self.dir()).map_err(|source| Error::Root { source })?;
        let Packed {
            sealed,
            size,
            census,
            blob,
        } = packed;
        let meta = SnapshotMeta {
            diff_id: Some(sealed.diff_id.clone()),
            tar_size: Some(sealed.tar_size),
            size: Some(size),
            coarse_times: true,
            retimed: None,
        };
        let store = self.store().clone();
        let snapshot = self.put(id, &meta, census)?;
        store.update_layer(&sealed.diff_id, |layer| {
            layer.size = Some(sealed.tar_size);
            layer.unpacked = Some(size);
            layer.timestamps = Timestamps::Kept;
            layer.stack = below.iter().chain([id]).cloned().collect();
            blob.iter().for_each(|blob| layer.add_blob(blob));
        })?;
        Ok(snapshot)
    }

    fn write_tar(
        &self,
        changes: impl Iterator<Item = Result<Change, LayerError>>,
    ) -> Result<Packed, Error> {
        let path = self.new_snapshot().join(TAR);
        let tar = BufWriter::with_capacity(BUFFER, create_new(&path)?);
        let (writer, size) = write_layer(changes, DigestWriter::new(tar))?;
        let (mut tar, digest, tar_size) = writer.finish();
        tar.flush().map_err(Error::io("write", &path))?;
        let sealed = Sealed {
            diff_id: DiffId(digest),
            tar_size,
        };
        Ok(Packed {
            sealed,
            size: size.bytes,
            census: Census::of_packed(tar_size),
            blob: None,
        })
    }

    fn write_blob(
        &self,
        changes: impl Iterator<Item = Result<Change, LayerError>>,
        how: &Recompress,
    ) -> Result<Packed, Error> {
        let store = self.store();
        let writer = LayerWriter::compressing(store.blob_writer()?, how)?;
        let (writer, size) = write_layer(changes, writer)?;
        let written = writer
            .finish()
            .map_err(|source| Error::Compressor { source })?;
        let blob = written.keep(how)?;
        let (kept, path) = (
            store.blob_path(&blob.digest),
            self.new_snapshot().join(BLOB),
        );
        fs::hard_link(&kept, &path).map_err(Error::io("link", &path))?;
        let sealed = Sealed {
            diff_id: written.diff_id,
            tar_size: written.tar_size,
        };
        Ok(Packed {
            sealed,
            size: size.bytes,
            // The disk has it already, under the blob's own name.
            census: Census {
                disk: 0,
                ..Census::of_packed(blob.size)
            },
            blob: Some(blob),
        })
    }
}

impl Snapshot {
    /// The file that the layer is packed in, if it is; as long as it is there it counts, and no files do.
    fn packed(&self) -> Result<Option<(File, PathBuf)>, Error> {
        for name in [TAR, BLOB] {
            let path = self.path().join(name);
            match File::open(&path) {
                Ok(file) => return Ok(Some((file, path))),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("open", &path)(e)),
            }
        }
        Ok(None)
    }

    /// The layer's tar, if the snapshot is still packed.
    pub(crate) fn open_tar(&self) -> Result<Option<Box<dyn Read + Send>>, Error> {
        let Some((file, path)) = self.packed()? else {
            return Ok(None);
        };
        decoded(file, &path).map(Some)
    }

    /// What the snapshot holds now: its tar, or its files.
    pub(crate) fn census(&self) -> Result<Census, Error> {
        let Some((file, path)) = self.packed()? else {
            return Census::of(&self.dir());
        };
        let metadata = file.metadata().map_err(Error::io("examine", &path))?;
        Ok(Census::of_packed(metadata.len()))
    }
}

/// The tar that is in a file, compressed if the file says so by its name: the beginning of a tar may look like anything.
fn decoded(file: File, path: &Path) -> Result<Box<dyn Read + Send>, Error> {
    if path.ends_with(TAR) {
        return Ok(Box::new(file));
    }
    let (_, tar) = decoder(file).map_err(Error::io("read", path))?;
    Ok(tar)
}

impl Store {
    /// A stack, the bottom snapshot first, if all of it is here and unpacked already: to look into it costs nothing then.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn unpacked_stack(&self, ids: &[SnapshotId]) -> Result<Option<Vec<Snapshot>>, Error> {
        let mut stack = Vec::with_capacity(ids.len());
        for id in ids {
            match self.snapshot(id)? {
                Some(snapshot) if snapshot.packed()?.is_none() => stack.push(snapshot),
                _ => return Ok(None),
            }
        }
        Ok(Some(stack))
    }

    /// A snapshot with its files, unpacked on those below it if it was packed. Others may want to do the same: what it is
    /// packed in is locked by the one who does it, and goes when the files are in place.
    pub(crate) fn with_files(
        &self,
        snapshot: Snapshot,
        below: &[Snapshot],
    ) -> Result<Snapshot, Error> {
        let Some((file, path)) = snapshot.packed()? else {
            return Ok(snapshot);
        };
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .map_err(Error::io("lock", &path))?;
        if path.try_exists().map_err(Error::io("examine", &path))? {
            let copy = file.try_clone().map_err(Error::io("open", &path))?;
            self.unpack_in_place(&snapshot, below, decoded(copy, &path)?)?;
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        Ok(snapshot)
    }

    fn unpack_in_place(
        &self,
        snapshot: &Snapshot,
        below: &[Snapshot],
        tar: impl Read + Send,
    ) -> Result<(), Error> {
        let draft = self.draft()?;
        let mut applied = apply(tar, &draft.dir())?;
        if let Some(expected) = &snapshot.meta()?.diff_id {
            check_diff_id(expected, applied.diff_id.digest().clone())?;
        }
        applied.settle(&draft.dir(), &self.union(below)?)?;
        let census = Census::of(&draft.dir())?;
        self.make_room(census.disk)?;
        let files = snapshot.dir();
        // Left by somebody who was killed before the tar was gone.
        rootfs::remove_tree(&files).map_err(|source| Error::Root { source })?;
        fs::rename(draft.dir(), &files).map_err(Error::io("rename unpacked files to", &files))?;
        let mark = census.mark(boot_id());
        self.write(
            &snapshot.path().join(CENSUS),
            mark.as_bytes(),
            Durability::Cached,
        )
    }
}
