//! Unpacked layers, and how one comes to be.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use oci::DiffId;
use serde::{Deserialize, Serialize};

use crate::boot::boot_id;
use crate::lease::Lease;
use crate::measure::Census;
use crate::reaper::Unmounting;
use crate::records::touch;
use crate::store::{Durability, create_new, open_small, read_open, read_small};
use crate::working_copy::Worked;
use crate::{Error, Scratch, Sealed, SnapshotId, Store, Timestamps};

/// The layer itself, in a snapshot's directory and in a draft's.
const CONTENT: &str = "fs";

/// What is known of the layer.
const META: &str = "meta.json";

/// What the layer held when it was committed, and under which kernel: see [`Store::snapshot`].
pub(crate) const CENSUS: &str = "census";

/// No census is longer.
const MAX_CENSUS: u64 = 256;

/// No `meta.json` is longer.
const MAX_META: u64 = 64 * 1024;

/// A layer, unpacked: a directory as overlayfs leaves its upper one, or [packed](Draft::commit_packed) until somebody
/// wants to see it. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    id: SnapshotId,
    path: PathBuf,
}

/// What is known of a snapshot's layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotMeta {
    /// The digest of its tar, where that was made or read once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<DiffId>,
    /// The length of its tar, known together with the diff ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tar_size: Option<u64>,
    /// The bytes of its regular files, where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Whether its files were made here and have times of whole seconds all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub coarse_times: bool,
    /// The layer with other times, as it was last asked for so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retimed: Option<(Timestamps, Sealed)>,
}

impl SnapshotMeta {
    /// The layer with these times, if that was made once.
    pub(crate) fn sealed(&self, timestamps: Timestamps) -> Option<Sealed> {
        if timestamps == Timestamps::Kept {
            return Some(Sealed {
                diff_id: self.diff_id.clone()?,
                tar_size: self.tar_size?,
            });
        }
        let (known, sealed) = self.retimed.as_ref()?;
        (*known == timestamps).then(|| sealed.clone())
    }

    /// With what the layer with these times came out as.
    pub(crate) fn with_sealed(
        self,
        timestamps: Timestamps,
        sealed: &Sealed,
        size: Option<u64>,
    ) -> SnapshotMeta {
        if timestamps == Timestamps::Kept {
            return SnapshotMeta {
                diff_id: Some(sealed.diff_id.clone()),
                tar_size: Some(sealed.tar_size),
                size,
                ..self
            };
        }
        SnapshotMeta {
            size,
            retimed: Some((timestamps, sealed.clone())),
            ..self
        }
    }
}

/// A layer in the making. If it is dropped it is gone.
#[derive(Debug)]
pub struct Draft {
    store: Store,
    scratch: Scratch,
    /// A mount of it that is being ended.
    unmounting: Option<Unmounting>,
    /// What is worked on where nothing can be mounted.
    worked: Mutex<Option<Worked>>,
}

impl Snapshot {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &SnapshotId {
        &self.id
    }

    /// The layer's directory, where [`Store::stack`] has seen to it that the files are there.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.path.join(CONTENT)
    }

    /// Where it is, with all that is known of it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of the layer. If that is damaged nothing is.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn meta(&self) -> Result<SnapshotMeta, Error> {
        let bytes = read_small(&self.path.join(META), MAX_META)?;
        Ok(bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// The bytes of its regular files, as they were counted when it was committed.
    pub(crate) fn counted(&self) -> Result<Option<u64>, Error> {
        let mark = read_small(&self.path.join(CENSUS), MAX_CENSUS)?.unwrap_or_default();
        let mark = String::from_utf8_lossy(&mark);
        Ok(mark
            .rsplit_once(' ')
            .and_then(|(_, bytes)| bytes.parse().ok()))
    }
}

impl Draft {
    /// The directory that becomes the layer: whatever is in it, as overlayfs leaves its upper directory.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.new_snapshot().join(CONTENT)
    }

    /// The store that it is for.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// An empty work directory for an overlay. The last overlay's, which no other can use, is removed.
    pub(crate) fn fresh_work(&self) -> Result<PathBuf, Error> {
        let work = self.scratch.path().join("work");
        rootfs::remove_tree(&work).map_err(|source| Error::Root { source })?;
        make_dir(&work, 0o700)?;
        Ok(work)
    }

    /// A directory for a mount to pass through, see [`rootfs::Overlay::mount_through`].
    pub(crate) fn mount_point(&self) -> Result<PathBuf, Error> {
        let point = self.scratch.path().join("mount");
        match make_dir(&point, 0o700) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        Ok(point)
    }

    /// Ends a mount of it, of which this is the last descriptor and in which nothing runs any more, while the layer is counted.
    pub fn unmount(&mut self, mount: OwnedFd) {
        self.unmounting = Some(self.store.reaper().unmount(mount));
    }

    /// Makes the layer a snapshot. Mounts of it must be gone, or [given up](Draft::unmount). If there is one of that name already,
    /// that one stands.
    ///
    /// Nothing waits for the disk: should the power fail before the kernel has written the files, that is found out
    /// when the snapshot is next asked for.
    ///
    /// # Errors
    /// [`Error::Root`] if the layer cannot be counted; [`Error::Io`].
    pub fn commit(mut self, id: &SnapshotId, meta: &SnapshotMeta) -> Result<Snapshot, Error> {
        let worked = self.gather()?;
        let census = Census::of(&self.dir());
        if let Some(unmounting) = &self.unmounting {
            unmounting.wait();
        }
        let snapshot = self.put(id, meta, census?)?;
        if let Some(worked) = worked {
            worked.give_back(id);
        }
        Ok(snapshot)
    }

    /// Puts what was changed in the draft's working copy, if it has one, into its directory. No step goes on in the copy then.
    ///
    /// # Errors
    /// [`Error::Root`] or [`Error::Io`] if the copy cannot be read, or the layer cannot be written.
    pub fn settle(&mut self) -> Result<(), Error> {
        self.gather().map(drop)
    }

    fn gather(&mut self) -> Result<Option<Worked>, Error> {
        let mut worked = self.worked().take();
        if let Some(worked) = &mut worked {
            worked.gather(&self.dir())?;
        }
        Ok(worked)
    }

    /// What is worked on where nothing can be mounted.
    pub(crate) fn worked(&self) -> MutexGuard<'_, Option<Worked>> {
        self.worked.lock().expect("no thread panics with it")
    }

    /// Puts what was made in its place, with what is known of it.
    pub(crate) fn put(
        self,
        id: &SnapshotId,
        meta: &SnapshotMeta,
        census: Census,
    ) -> Result<Snapshot, Error> {
        let new = self.new_snapshot();
        if *meta != SnapshotMeta::default() {
            let bytes = serde_json::to_vec(meta).expect("metadata have only string keys");
            write_new(&new.join(META), &bytes)?;
        }
        write_new(&new.join(CENSUS), census.mark(boot_id()).as_bytes())?;
        let snapshot = self.store.snapshot_at(id);
        self.store.make_room(census.disk)?;
        self.store.hold(Lease::Snapshot(id.clone()))?;
        match fs::rename(&new, &snapshot.path) {
            Ok(()) => {
                self.store.found_whole().insert(id.clone());
                Ok(snapshot)
            }
            Err(e) if is_taken(&e) && self.store.snapshot(id)?.is_some() => Ok(snapshot),
            Err(e) if is_taken(&e) => {
                // One that did not survive a crash.
                self.store.remove_snapshot(id)?;
                fs::rename(&new, &snapshot.path)
                    .map_err(Error::io("rename a new snapshot to", &snapshot.path))?;
                Ok(snapshot)
            }
            Err(e) => Err(Error::io("rename a new snapshot to", &snapshot.path)(e)),
        }
    }

    /// What is renamed as a whole: the layer beside what is known of it.
    pub(crate) fn new_snapshot(&self) -> PathBuf {
        self.scratch.path().join("snapshot")
    }
}

impl Store {
    /// Begins a layer: an empty directory, which belongs to root and is open to all as the root of an image is.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn draft(&self) -> Result<Draft, Error> {
        let draft = Draft {
            store: self.clone(),
            scratch: self.scratch()?,
            unmounting: None,
            worked: Mutex::default(),
        };
        make_dir(&draft.new_snapshot(), 0o700)?;
        make_dir(&draft.dir(), 0o755)?;
        Ok(draft)
    }

    /// The snapshot of this name; `None` if there is none, or if it lost something in a crash.
    ///
    /// What this kernel wrote it knows, on the disk or not. A snapshot from before the machine was last started is
    /// counted once: a journalling file system (ext4, xfs, btrfs) gives a file its length when the content is on the
    /// disk, so one that has all its files and all their bytes is whole.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
        let snapshot = self.snapshot_at(id);
        self.hold(Lease::Snapshot(id.clone()))?;
        let known = snapshot
            .path
            .try_exists()
            .map_err(Error::io("examine", &snapshot.path))?;
        if !known {
            return Ok(None);
        }
        Ok(self.is_whole(&snapshot)?.then_some(snapshot))
    }

    fn is_whole(&self, snapshot: &Snapshot) -> Result<bool, Error> {
        if self.found_whole().contains(&snapshot.id) {
            return Ok(true);
        }
        let whole = self.has_all(snapshot)?;
        if whole {
            self.found_whole().insert(snapshot.id.clone());
        }
        Ok(whole)
    }

    fn has_all(&self, snapshot: &Snapshot) -> Result<bool, Error> {
        let path = snapshot.path.join(CENSUS);
        let Some(file) = open_small(&path)? else {
            return Ok(false);
        };
        let Some(mark) = read_open(&file, &path, MAX_CENSUS)? else {
            return Ok(false);
        };
        touch(&file);
        let mark = String::from_utf8_lossy(&mark);
        if mark.starts_with(boot_id()) {
            return Ok(true);
        }
        let census = snapshot.census()?;
        let whole = mark
            .split_once(' ')
            .is_some_and(|(boot, _)| *mark == census.mark(boot));
        if whole {
            let now = census.mark(boot_id());
            self.write(&path, now.as_bytes(), Durability::Cached)?;
        }
        Ok(whole)
    }

    /// The snapshots of these names with their files, the bottom one first. Those that are packed are unpacked.
    ///
    /// # Errors
    /// [`Error::NoSuchSnapshot`] if one is missing; [`Error::Layer`] and [`Error::Content`] if one cannot be unpacked;
    /// [`Error::Io`].
    pub fn stack(&self, ids: &[SnapshotId]) -> Result<Vec<Snapshot>, Error> {
        let mut stack = Vec::with_capacity(ids.len());
        for id in ids {
            let snapshot = self.existing(id)?;
            let snapshot = self.with_files(snapshot, &stack)?;
            stack.push(snapshot);
        }
        Ok(stack)
    }

    /// The snapshot of this name, packed or not.
    ///
    /// # Errors
    /// [`Error::NoSuchSnapshot`]; [`Error::Io`].
    pub(crate) fn existing(&self, id: &SnapshotId) -> Result<Snapshot, Error> {
        self.snapshot(id)?
            .ok_or_else(|| Error::NoSuchSnapshot { id: id.clone() })
    }

    /// The names of all snapshots.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn snapshot_ids(&self) -> Result<Vec<SnapshotId>, Error> {
        let dir = self.layout().snapshots();
        let mut ids = Vec::new();
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let name = entry.map_err(Error::io("list", &dir))?.file_name();
            ids.extend(
                name.to_str()
                    .and_then(|name| name.parse::<SnapshotId>().ok()),
            );
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Records what was found out about a snapshot's layer.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set_snapshot_meta(&self, snapshot: &Snapshot, meta: &SnapshotMeta) -> Result<(), Error> {
        let bytes = serde_json::to_vec(meta).expect("metadata have only string keys");
        self.write(&snapshot.path.join(META), &bytes, Durability::Cached)
    }

    /// Removes a snapshot, or what is left of one. Whoever has it mounted keeps it until then.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remove_snapshot(&self, id: &SnapshotId) -> Result<(), Error> {
        let path = self.snapshot_at(id).path;
        self.found_whole().remove(id);
        // Out of the way first: nobody shall find half of it.
        let scratch = self.scratch()?;
        let gone = scratch.path().join("snapshot");
        match fs::rename(&path, &gone) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            renamed => renamed.map_err(Error::io("remove", &path))?,
        }
        rootfs::remove_tree(&gone).map_err(|source| Error::Root { source })
    }

    fn snapshot_at(&self, id: &SnapshotId) -> Snapshot {
        Snapshot {
            id: id.clone(),
            path: self.layout().snapshots().join(id.as_str()),
        }
    }
}

/// Makes a directory with exactly this mode.
fn make_dir(path: &Path, mode: u32) -> Result<(), Error> {
    DirBuilder::new()
        .mode(mode)
        .create(path)
        .map_err(Error::io("create", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(Error::io("change the mode of", path))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = create_new(path)?;
    io::Write::write_all(&mut file, bytes).map_err(Error::io("write", path))
}

fn is_taken(error: &io::Error) -> bool {
    // What is no directory is a link to a snapshot that is gone.
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(
        error.kind(),
        DirectoryNotEmpty | AlreadyExists | NotADirectory
    )
}
