//! Snapshots that are still packed: nobody has looked at their files yet, and there are none, only the tar that the
//! layer ships as.
//!
//! A `COPY` that nothing comes after is never looked into while it is built. Its tar is one file, made at the speed at
//! which its sources can be read; tens of thousands of files in the store take ten times as long. Whoever needs them
//! first, a later build or a container, unpacks them, once.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use oci::{DiffId, DigestWriter};
use rustix::fs::FlockOperation;

use crate::archive::check_diff_id;
use crate::boot::boot_id;
use crate::measure::Census;
use crate::snapshot::CENSUS;
use crate::store::{Durability, create_new};
use crate::{
    Change, Draft, Error, LayerError, Sealed, Snapshot, SnapshotId, SnapshotMeta, Store, apply,
    write_layer,
};

/// The layer, in the directory of a packed snapshot. As long as it is there it counts, and no files do.
const TAR: &str = "layer.tar";

const BUFFER: usize = 256 << 10;

impl Draft {
    /// Makes changes a snapshot without making their files; what is in the draft's directory is dropped. The changes are
    /// those on the snapshots of `below`, the bottom one first. Files get times of whole seconds, as in every layer.
    ///
    /// # Errors
    /// [`Error::Layer`] if the changes cannot be read; as [`commit`](Draft::commit).
    pub fn commit_packed(
        self,
        id: &SnapshotId,
        below: &[SnapshotId],
        changes: impl Iterator<Item = Result<Change, LayerError>>,
    ) -> Result<Snapshot, Error> {
        let path = self.new_snapshot().join(TAR);
        let tar = BufWriter::with_capacity(BUFFER, create_new(&path)?);
        let (writer, size) = write_layer(changes, DigestWriter::new(tar))?;
        let (mut tar, digest, tar_size) = writer.finish();
        tar.flush().map_err(Error::io("write", &path))?;
        rootfs::remove_tree(self.dir()).map_err(|source| Error::Root { source })?;
        let sealed = Sealed {
            diff_id: DiffId(digest),
            tar_size,
        };
        let meta = SnapshotMeta {
            diff_id: Some(sealed.diff_id.clone()),
            tar_size: Some(tar_size),
            size: Some(size.bytes),
            coarse_times: true,
            retimed: None,
        };
        let store = self.store().clone();
        let snapshot = self.put(id, &meta, Census::of_tar(tar_size))?;
        store.update_layer(&sealed.diff_id, |layer| {
            layer.size = Some(tar_size);
            layer.unpacked = Some(size.bytes);
            layer.stack = below.iter().chain([id]).cloned().collect();
        })?;
        Ok(snapshot)
    }
}

impl Snapshot {
    fn tar(&self) -> PathBuf {
        self.path().join(TAR)
    }

    /// The layer's tar, if the snapshot is still packed.
    pub(crate) fn open_tar(&self) -> Result<Option<File>, Error> {
        let path = self.tar();
        match File::open(&path) {
            Ok(tar) => Ok(Some(tar)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("open", &path)(e)),
        }
    }

    /// What the snapshot holds now: its tar, or its files.
    pub(crate) fn census(&self) -> Result<Census, Error> {
        let path = self.tar();
        match fs::metadata(&path) {
            Ok(tar) => Ok(Census::of_tar(tar.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Census::of(&self.dir()),
            Err(e) => Err(Error::io("examine", &path)(e)),
        }
    }
}

impl Store {
    /// A snapshot with its files, unpacked on those below it if it was packed. Others may want to do the same: the tar
    /// is locked by the one who does it, and goes when the files are in place.
    pub(crate) fn with_files(
        &self,
        snapshot: Snapshot,
        below: &[Snapshot],
    ) -> Result<Snapshot, Error> {
        let Some(tar) = snapshot.open_tar()? else {
            return Ok(snapshot);
        };
        let path = snapshot.tar();
        rustix::fs::flock(&tar, FlockOperation::LockExclusive).map_err(Error::io("lock", &path))?;
        if path.try_exists().map_err(Error::io("examine", &path))? {
            self.unpack_in_place(&snapshot, below, &tar)?;
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        Ok(snapshot)
    }

    fn unpack_in_place(
        &self,
        snapshot: &Snapshot,
        below: &[Snapshot],
        tar: &File,
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
