//! Taking things away: out of the way first, while nobody looks, and only what nobody has in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::cache::{CacheEntry, Parts};
use super::remover::Remover;
use crate::lease::{Gate, Lease};
use crate::usage::Freed;
use crate::{Error, Scratch, Store, scratch};

/// So many things at a time are taken out of the way, for which nobody has to wait long.
const BATCH: usize = 64;

/// Something to remove.
pub(super) struct Victim {
    pub(super) path: PathBuf,
    /// How a process says that it has it in use.
    pub(super) lease: Option<Lease>,
    /// What leads to it, which goes first.
    pub(super) references: Vec<PathBuf>,
}

/// Removes things, and adds up what that gives back.
pub(super) struct Sweep<'s> {
    store: &'s Store,
    // Before the directory that they lie in.
    remover: Remover,
    trash: Scratch,
    waiting: Vec<Victim>,
    removed: u64,
    meter: Freed,
    freed: u64,
}

impl<'s> Sweep<'s> {
    pub(super) fn new(store: &'s Store) -> Result<Sweep<'s>, Error> {
        Ok(Sweep {
            store,
            remover: Remover::default(),
            trash: store.scratch()?,
            waiting: Vec::new(),
            removed: 0,
            meter: Freed::default(),
            freed: 0,
        })
    }

    /// What was given back so far, or is just being, in bytes.
    pub(super) fn freed(&self) -> u64 {
        self.freed
    }

    /// Removes something, soon.
    pub(super) fn add(&mut self, victim: Victim) -> Result<(), Error> {
        self.waiting.push(victim);
        match self.waiting.len() < BATCH {
            true => Ok(()),
            false => self.flush().map(drop),
        }
    }

    /// Removes an entry of the cache now; `None` if somebody has it in use.
    pub(super) fn entry(&mut self, entry: CacheEntry) -> Result<Option<CacheEntry>, Error> {
        self.flush()?;
        let before = self.freed;
        let gone = match &entry.parts {
            Parts::Locked(path) => self.locked(path)?,
            Parts::Snapshot(_, records) if entry.shared => {
                // An image has the layer: only that steps find it ends.
                self.forget(records)?;
                !records.is_empty()
            }
            Parts::Snapshot(id, records) => {
                self.waiting.push(Victim {
                    path: self.store.layout().snapshots().join(id.as_str()),
                    lease: Some(Lease::Snapshot(id.clone())),
                    references: records.clone(),
                });
                self.flush()? == 1
            }
            Parts::Blob(digest) => {
                self.waiting.push(Victim {
                    path: self.store.blob_path(digest),
                    lease: Some(Lease::Blob(digest.clone())),
                    references: Vec::new(),
                });
                self.flush()? == 1
            }
        };
        let size = self.freed - before;
        Ok(gone.then_some(CacheEntry { size, ..entry }))
    }

    /// Removes all that waits. What was given back altogether.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        self.flush()?;
        self.remover.finish()?;
        Ok(self.freed)
    }

    /// A directory that its users lock is removed while we have the lock.
    fn locked(&mut self, path: &Path) -> Result<bool, Error> {
        match scratch::lock_dir(path, FlockOperation::NonBlockingLockExclusive)? {
            scratch::Locked::Taken(_lock) => {
                let gone = self.place();
                self.take_away(path, &gone)?;
                self.destroy(gone);
                // The last instance of a cache mount leaves its family, which may be made anew at any time.
                if let Some(family) = path.parent() {
                    let _ = fs::remove_dir(family);
                }
                Ok(true)
            }
            scratch::Locked::Busy => Ok(false),
            scratch::Locked::Gone => Ok(true),
        }
    }

    /// How many of those that waited are removed.
    pub(super) fn flush(&mut self) -> Result<usize, Error> {
        let mut gone = Vec::new();
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(0);
        }
        {
            let _gate = Gate::close(self.store)?;
            let leased = self.store.leased()?;
            for victim in waiting {
                let used = victim
                    .lease
                    .as_ref()
                    .is_some_and(|lease| leased.contains(lease));
                if used {
                    continue;
                }
                self.forget(&victim.references)?;
                let place = self.place();
                if self.take_away(&victim.path, &place)? {
                    gone.push(place);
                }
            }
        }
        let count = gone.len();
        for place in gone {
            self.destroy(place);
        }
        Ok(count)
    }

    /// Removes small files that lead to something. They count, too: of ten thousand steps they are many megabytes.
    fn forget(&mut self, references: &[PathBuf]) -> Result<(), Error> {
        for reference in references {
            self.freed += self.meter.add(reference);
            // To be out of the way is enough; for the disk others wait.
            let place = self.place();
            if self.take_away(reference, &place)? {
                self.remover.remove(place);
            }
        }
        Ok(())
    }

    fn place(&mut self) -> PathBuf {
        self.removed += 1;
        self.trash.path().join(self.removed.to_string())
    }

    /// `false` if it was gone.
    fn take_away(&self, path: &Path, to: &Path) -> Result<bool, Error> {
        match fs::rename(path, to) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            renamed => renamed.map(|()| true).map_err(Error::io("remove", path)),
        }
    }

    /// What it gives back is added up before it goes.
    fn destroy(&mut self, path: PathBuf) {
        self.freed += self.meter.add(&path);
        self.remover.remove(path);
    }
}

/// Removes a file, if it is there.
pub(super) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}
