//! The store itself: opening it, and what its parts share.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use rustix::fs::{FlockOperation, IFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::lease::Leases;
use crate::reaper::Reaper;
use crate::working_copy::Copies;
use crate::{Error, Layout, Scratch, SnapshotId, scratch};

/// Bytes that most files of the store fit in.
const SMALL: usize = 4096;

/// The format that this program reads and writes.
const VERSION: u32 = 1;

/// Stands after it where files have [recorded](rootfs::record_owners) owners instead of the kernel's.
const RECORDED: &str = "recorded";

/// A directory with images, snapshots and cache records, shared by any number of processes.
///
/// Cloning is cheap; clones share the process's lock. Everything in the store is written beside its place and
/// renamed into it, so that a process may be killed at any point and readers never meet half of anything.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    layout: Layout,
    /// Holds the shared lock that tells a collector of garbage that someone is at work.
    _lock: File,
    /// Removes what was made in the session's directory, and ends before that goes.
    reaper: OnceLock<Reaper>,
    /// Where this process writes files that are to be renamed; made when first needed.
    session: OnceLock<Scratch>,
    counter: AtomicU64,
    /// Snapshots that need not be looked at again, see [`Store::snapshot`].
    whole: Mutex<HashSet<SnapshotId>>,
    leases: Leases,
    /// How many bytes it may take, if anybody said.
    limit: OnceLock<u64>,
    /// What there is in the place of mounts, where those are refused.
    copies: OnceLock<Copies>,
}

/// Whether a file must be on the disk before it gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives a power cut: synced before the rename, and its directory after.
    Synced,
    /// May be lost or empty after a power cut; whoever reads it must notice.
    Cached,
}

impl Store {
    /// Opens the store at `path`, making it if there is none, and removes what killed processes left in `tmp/`.
    ///
    /// # Errors
    /// [`Error::Version`] if another format lives there, [`Error::Io`] if the directory cannot be made or locked.
    pub fn open(path: impl AsRef<Path>) -> Result<Store, Error> {
        let path = path.as_ref();
        // Snapshots hold set-user-ID programs of any age: nobody else is let in.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Error::io("create", path))?;
        let root = path.canonicalize().map_err(Error::io("resolve", path))?;
        let layout = Layout::new(root);
        let lock = locked(&layout.lock(), FlockOperation::LockShared)?;
        check_version(&layout)?;
        scratch::sweep(&layout.tmp())?;
        Ok(Store {
            inner: Arc::new(Inner {
                layout,
                _lock: lock,
                reaper: OnceLock::new(),
                session: OnceLock::new(),
                counter: AtomicU64::new(0),
                whole: Mutex::default(),
                leases: Leases::default(),
                limit: OnceLock::new(),
                copies: OnceLock::new(),
            }),
        })
    }

    /// Where things are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    /// The store's directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.inner.layout.root()
    }

    /// A new directory under `tmp/`, on the same file system as everything else in the store.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be made.
    pub fn scratch(&self) -> Result<Scratch, Error> {
        Scratch::within(self.temporary_path()?, self.clone())
    }

    /// Who removes scratch directories.
    pub(crate) fn reaper(&self) -> &Reaper {
        self.inner.reaper.get_or_init(Reaper::start)
    }

    /// The snapshots that this process found whole, or made.
    pub(crate) fn found_whole(&self) -> MutexGuard<'_, HashSet<SnapshotId>> {
        let whole = self.inner.whole.lock();
        whole.expect("no thread panics with it")
    }

    /// What this process has in use.
    pub(crate) fn leases(&self) -> &Leases {
        &self.inner.leases
    }

    /// How many bytes the store may take.
    pub(crate) fn limit(&self) -> &OnceLock<u64> {
        &self.inner.limit
    }

    /// What there is in the place of mounts, if those are refused.
    pub(crate) fn copies(&self) -> &OnceLock<Copies> {
        &self.inner.copies
    }

    /// This process's own directory under `tmp/`.
    pub(crate) fn session(&self) -> Result<&Path, Error> {
        let session = match self.inner.session.get() {
            Some(session) => session,
            None => {
                let made = Scratch::create(&self.inner.layout.tmp())?;
                self.inner.session.get_or_init(|| made)
            }
        };
        Ok(session.path())
    }

    /// A path for a new file of this process, to be renamed into place.
    pub(crate) fn temporary_path(&self) -> Result<PathBuf, Error> {
        let number = self.inner.counter.fetch_add(1, Ordering::Relaxed);
        Ok(self.session()?.join(number.to_string()))
    }

    /// Puts `bytes` at `target` in one step: readers see the old file or the new one.
    pub(crate) fn write(
        &self,
        target: &Path,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), Error> {
        let temporary = self.temporary_path()?;
        let mut file = create_new(&temporary)?;
        file.write_all(bytes)
            .map_err(Error::io("write", &temporary))?;
        rename_into_place(&file, &temporary, target, durability)
    }
}

/// Creates a file that was not there, readable by its owner only.
pub(crate) fn create_new(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("create", path))
}

/// Gives a finished file its name, replacing what had it.
pub(crate) fn rename_into_place(
    file: &File,
    from: &Path,
    to: &Path,
    durability: Durability,
) -> Result<(), Error> {
    if durability == Durability::Synced {
        file.sync_data().map_err(Error::io("sync", from))?;
    }
    fs::rename(from, to).map_err(Error::io("rename a new file to", to))?;
    if durability == Durability::Synced {
        sync_parent(to)?;
    }
    Ok(())
}

/// Makes the names in a file's directory last.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Error> {
    sync_dir(path.parent().unwrap_or(path))
}

/// Makes the names in a directory last.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    let file = File::open(dir).map_err(Error::io("open", dir))?;
    file.sync_all().map_err(Error::io("sync", dir))
}

/// Reads a whole small file of the store; `None` if it is not there or is longer than `limit`.
pub(crate) fn read_small(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    match open_small(path)? {
        Some(file) => read_open(&file, path, limit),
        None => Ok(None),
    }
}

/// Opens a small file of the store to read; `None` if it is not there. As [`File::open`], without the second system
/// call that musl makes for kernels older than `O_CLOEXEC`.
pub(crate) fn open_small(path: &Path) -> Result<Option<File>, Error> {
    match rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(fd) => Ok(Some(File::from(fd))),
        Err(Errno::NOENT) => Ok(None),
        Err(e) => Err(Error::io("open", path)(e)),
    }
}

/// Reads what [`open_small`] opened; `None` if it is longer than `limit`.
pub(crate) fn read_open(file: &File, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    // Room for nearly all of them: a vector without any is filled by pieces of 32 bytes, which then double.
    let room = usize::try_from(limit.saturating_add(1)).map_or(SMALL, |limit| limit.min(SMALL));
    let mut bytes = Vec::with_capacity(room);
    let read = file
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    Ok((read as u64 <= limit).then_some(bytes))
}

/// Opens a file of the store, or makes it, and locks it.
pub(crate) fn locked(path: &Path, how: FlockOperation) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let file = options.open(path).map_err(Error::io("open", path))?;
    rustix::fs::flock(&file, how).map_err(Error::io("lock", path))?;
    Ok(file)
}

/// Lets ext4 put each directory made in `dir`, with all below it, where the disk has room, instead of beside the last
/// one (`FS_TOPDIR_FL` in `ioctl_iflags(2)`). Files are made several times faster so when many were deleted just before:
/// ext4 does not give the number of a deleted file out again for a minute, and passes over all of them for each file
/// that it makes near by. Other file systems do not know the flag, and need not.
fn spread(dir: &Path) {
    let Ok(dir) = File::open(dir) else { return };
    if let Ok(flags) = rustix::fs::ioctl_getflags(&dir) {
        let _ = rustix::fs::ioctl_setflags(&dir, flags | IFlags::TOPDIR);
    }
}

/// Reads the format version, or lays out a new store. Several processes may do so at once: all write the same.
fn check_version(layout: &Layout) -> Result<(), Error> {
    let path = layout.version();
    let (version, recorded) = (VERSION.to_string(), format!("{VERSION} {RECORDED}"));
    let (own, other) = match rootfs::are_owners_recorded() {
        true => (recorded, version),
        false => (version, recorded),
    };
    if let Some(text) = read_small(&path, 64)? {
        let found = String::from_utf8_lossy(&text).trim().to_owned();
        return match found {
            found if found == own => Ok(()),
            found if found == other => Err(Error::Owners {
                path: layout.root().to_owned(),
                recorded: !rootfs::are_owners_recorded(),
            }),
            found => Err(Error::Version {
                path: layout.root().to_owned(),
                found,
                expected: VERSION,
            }),
        };
    }
    for name in Layout::DIRECTORIES {
        let dir = layout.root().join(name);
        fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
    }
    spread(&layout.tmp());
    // The version comes last: a store that has it has all its directories.
    let scratch = Scratch::create(&layout.tmp())?;
    let temporary = scratch.path().join("version");
    let mut file = create_new(&temporary)?;
    writeln!(file, "{own}").map_err(Error::io("write", &temporary))?;
    rename_into_place(&file, &temporary, &path, Durability::Synced)
}
