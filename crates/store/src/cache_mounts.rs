//! The directories behind `RUN --mount=type=cache`.
//!
//! A cache mount is `cache-mounts/<hash of its identity>/<n>/data`. Instance 0 is the one that everybody means; others
//! exist where it was busy and could not be shared. The instance's directory is locked with `flock(2)` while a step
//! uses it, which is also what keeps a collector of garbage away.

mod index;
mod pack;
mod restore;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

pub use index::MountIndex;
pub use pack::PackedMount;

use crate::store::Durability;
use crate::{Error, Store, scratch};

/// What makes a cache mount the same as another one. BuildKit has owner and mode in it too: the same `id` with
/// another mode is another, empty cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CacheMountId {
    /// The `id`, or the cleaned target where none is given. Any text at all.
    pub id: String,
    /// What a new cache starts from (`from`, `source`), in any form that differs where the content may.
    pub seed: Option<String>,
    /// Permissions of a new cache's directory.
    pub mode: u32,
    /// Owner of a new cache's directory.
    pub uid: u32,
    /// Group of a new cache's directory.
    pub gid: u32,
}

/// The mount's `sharing`: what to do when the cache is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Use it together. Where someone has it to himself, use another one.
    Shared,
    /// Use another one.
    Private,
    /// Wait for it.
    Locked,
}

/// A cache in use. Dropping it gives it back.
#[derive(Debug)]
pub struct CacheMount {
    data: PathBuf,
    lock: File,
}

impl Drop for CacheMount {
    fn drop(&mut self) {
        // Closing the file gives the lock back only when nobody else has the file open, and a process that is just
        // being started by another thread has, until it executes its program.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}

/// Fills a new cache's directory from `from`.
pub type Seed<'a> = &'a mut dyn FnMut(&Path) -> io::Result<()>;

impl CacheMount {
    /// The directory to mount.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.data
    }
}

/// Instances beyond this are not looked for: a store with so many steps at once in one cache is not real.
const MAX_INSTANCES: u32 = 4096;

impl Store {
    /// Takes the cache that `id` means for oneself, if it is there and nobody uses it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be locked.
    pub fn idle_cache_mount(&self, id: &CacheMountId) -> Result<Option<CacheMount>, Error> {
        let instance = self.layout().cache_mounts().join(id.name()).join("0");
        match scratch::lock_dir(&instance, FlockOperation::NonBlockingLockExclusive)? {
            scratch::Locked::Taken(lock) => Ok(Some(CacheMount {
                data: instance.join("data"),
                lock,
            })),
            _ => Ok(None),
        }
    }

    /// Takes the cache that `id` means, making it (and filling it with `seed`) if there is none.
    ///
    /// `None` means that the cache is [`Sharing::Locked`] and in use: ask again. A step that mounts one cache twice
    /// must take it once.
    ///
    /// # Errors
    /// [`Error::Io`] if a directory cannot be made, given to its owner, filled or locked.
    pub fn try_cache_mount(
        &self,
        id: &CacheMountId,
        sharing: Sharing,
        seed: Seed,
    ) -> Result<Option<CacheMount>, Error> {
        let family = self.layout().cache_mounts().join(id.name());
        let operation = match sharing {
            Sharing::Shared => FlockOperation::NonBlockingLockShared,
            Sharing::Private | Sharing::Locked => FlockOperation::NonBlockingLockExclusive,
        };
        for number in 0..MAX_INSTANCES {
            let instance = family.join(number.to_string());
            if let Some(lock) = self.take_instance(&instance, operation, id, seed)? {
                return Ok(Some(CacheMount {
                    data: instance.join("data"),
                    lock,
                }));
            }
            if sharing == Sharing::Locked {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Locks an instance, making it first if it is not there. `None` if it is busy.
    fn take_instance(
        &self,
        instance: &Path,
        operation: FlockOperation,
        id: &CacheMountId,
        seed: Seed,
    ) -> Result<Option<File>, Error> {
        loop {
            match scratch::lock_dir(instance, operation)? {
                scratch::Locked::Taken(lock) => {
                    self.bring_home(instance, id)?;
                    return Ok(Some(lock));
                }
                scratch::Locked::Busy => return Ok(None),
                scratch::Locked::Gone => self.make_instance(instance, id, seed)?,
            }
        }
    }

    /// Sees to it that an instance that is ours has its directory: who had it may have been killed with that
    /// [lent](crate::Guest::Lent) to a step.
    fn bring_home(&self, instance: &Path, id: &CacheMountId) -> Result<(), Error> {
        let data = instance.join("data");
        if data.is_dir() {
            return Ok(());
        }
        scratch::sweep(&self.layout().tmp())?;
        match data.is_dir() {
            true => Ok(()),
            false => make_data(&data, id),
        }
    }

    /// Makes an instance in scratch space and renames it into place; if another process was first, its stands.
    fn make_instance(&self, instance: &Path, id: &CacheMountId, seed: Seed) -> Result<(), Error> {
        let scratch = self.scratch()?;
        let fresh = scratch.path().join("instance");
        let data = fresh.join("data");
        DirBuilder::new()
            .mode(0o700)
            .create(&fresh)
            .map_err(Error::io("create", &fresh))?;
        make_data(&data, id)?;
        seed(&data).map_err(Error::io("fill the new cache mount", &data))?;
        give_to_owner(&data, id)?;
        // For people and for listings: the directory's name does not tell what it was for.
        let described = serde_json::to_vec(id).expect("strings and numbers have a JSON form");
        self.write(&fresh.join("id.json"), &described, Durability::Cached)?;
        let family = instance.parent().unwrap_or(instance);
        fs::create_dir_all(family).map_err(Error::io("create", family))?;
        match fs::rename(&fresh, instance) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(Error::io("rename a new cache mount to", instance)(e)),
        }
    }
}

/// Makes the directory that is mounted, empty.
fn make_data(data: &Path, id: &CacheMountId) -> Result<(), Error> {
    DirBuilder::new()
        .mode(0o700)
        .create(data)
        .map_err(Error::io("create", data))?;
    give_to_owner(data, id)
}

fn give_to_owner(data: &Path, id: &CacheMountId) -> Result<(), Error> {
    let attributes = rootfs::Attributes {
        mode: Some(id.mode),
        owner: Some((id.uid, id.gid)),
        mtime: None,
    };
    File::open(data)
        .and_then(|data| attributes.apply_to(data))
        .map_err(Error::io("change owner and mode of the cache mount", data))
}

impl CacheMountId {
    /// Names it in file systems and in caches of other machines: hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        let text = serde_json::to_vec(self).expect("strings and numbers have a JSON form");
        crate::hex::encode(&crate::hex::sha256(&text))
    }
}
