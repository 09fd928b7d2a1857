//! Bare git repositories, which outlive the builds that fetch into them.
//!
//! One is `git/<hash of its URL>/`, locked with `flock(2)` by whoever works in it. What git leaves there is git's own:
//! to the store it is a directory, which may be removed whenever nobody has its lock.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::{Error, Store, hex, scratch};

/// The directory for one repository, for one user of it at a time.
#[derive(Debug)]
pub struct RepositoryCache {
    path: PathBuf,
    lock: File,
}

impl RepositoryCache {
    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RepositoryCache {
    fn drop(&mut self) {
        // As with cache mounts: closing the file is not enough while another thread starts a process.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}

impl Store {
    /// Takes the directory for the repository at a URL, making it if there is none. `None` means that somebody else
    /// has it: ask again.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be made or locked.
    pub fn try_repository(&self, url: &str) -> Result<Option<RepositoryCache>, Error> {
        let path = self
            .layout()
            .repositories()
            .join(hex::encode(&hex::sha256(url.as_bytes())));
        loop {
            match scratch::lock_dir(&path, FlockOperation::NonBlockingLockExclusive)? {
                scratch::Locked::Taken(lock) => return Ok(Some(RepositoryCache { path, lock })),
                scratch::Locked::Busy => return Ok(None),
                scratch::Locked::Gone => make(&path)?,
            }
        }
    }
}

fn make(path: &Path) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(Error::io("create", path)(e)),
        _ => Ok(()),
    }
}
