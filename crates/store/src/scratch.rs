//! Directories for unfinished work, which vanish with the process that made them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::Error;

/// A directory of its own under the store's `tmp/`, for work that is renamed into place when it is done.
///
/// The directory itself is locked with `flock(2)` for as long as this value lives. Dropping it removes what is
/// left inside; if the process is killed the kernel drops the lock, and the next [`Store::open`](crate::Store::open)
/// removes the directory.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// The lock's owner. Close-on-exec, so a RUN's program cannot keep it.
    _lock: File,
}

impl Scratch {
    /// Makes and locks a new directory under `tmp`.
    pub(crate) fn create(tmp: &Path) -> Result<Scratch, Error> {
        loop {
            let path = tmp.join(unique_name());
            match rustix::fs::mkdir(&path, Mode::RWXU) {
                Ok(()) => {}
                Err(rustix::io::Errno::EXIST) => continue,
                Err(e) => return Err(Error::io("create", &path)(e)),
            }
            if let Some(lock) = lock_new(&path)? {
                return Ok(Scratch { path, _lock: lock });
            }
        }
    }

    /// The directory. Nothing in it is looked at by anyone else.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept by a later open.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Locks a directory just made, or answers `None` if a sweeper took it for an abandoned one in between.
fn lock_new(path: &Path) -> Result<Option<File>, Error> {
    let Some(dir) = open_dir(path)? else {
        return Ok(None);
    };
    // A sweeper holds the lock while it removes, so once it is ours the directory stands or is gone for good.
    rustix::fs::flock(&dir, FlockOperation::LockExclusive).map_err(Error::io("lock", path))?;
    let status = rustix::fs::fstat(&dir).map_err(Error::io("examine", path))?;
    Ok((status.st_nlink > 0).then_some(dir))
}

fn open_dir(path: &Path) -> Result<Option<File>, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => Ok(Some(File::from(fd))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(e) => Err(Error::io("open", path)(e)),
    }
}

/// A name no other live process uses: two that did would meet at `mkdir`, and one would try again.
fn unique_name() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}-{:x}-{count}", std::process::id(), now.as_nanos())
}

/// Removes the directories under `tmp` whose owner is gone. One that cannot be removed is left for the next time:
/// garbage must not keep anybody from building.
pub(crate) fn sweep(tmp: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(tmp).map_err(Error::io("list", tmp))? {
        let path = entry.map_err(Error::io("list", tmp))?.path();
        let _ = sweep_one(&path);
    }
    Ok(())
}

fn sweep_one(path: &Path) -> Result<(), Error> {
    let Some(dir) = open_dir(path)? else {
        return Ok(());
    };
    match rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => remove_tree(path).map_err(Error::io("remove", path)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(()),
        Err(e) => Err(Error::io("lock", path)(e)),
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}
