//! The store's limit: how much it may take on the disk.
//!
//! `usage` holds what the store took when it was last measured, plus what was added since, by whatever process. Whoever
//! adds something, and finds that it does not fit any more, measures anew and makes room first.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use rustix::fs::FlockOperation;

use super::needed::Needed;
use super::sweep::Sweep;
use crate::store::locked;
use crate::usage::Meter;
use crate::{Error, Layout, Store};

/// What was measured is not trusted for longer: containers write, and whoever removes something tells nobody.
const TRUSTED: Duration = Duration::from_secs(10 * 60);

/// Room is made for so much more than is needed, so that not everything that comes has to make some.
const SLACK: u64 = 10;

/// What making room came to.
#[derive(Debug, Clone, Default)]
pub struct Fit {
    /// What the store takes now, in bytes on the disk.
    pub used: u64,
    /// What was given back.
    pub freed: u64,
    /// Entries of the cache that are no more.
    pub entries: usize,
    /// Images without a name that are no more.
    pub images: usize,
}

/// `usage`, locked.
struct Total {
    file: File,
    /// When the store was last measured, in seconds since 1970.
    measured: u64,
}

impl Store {
    /// Lets the store take no more than so many bytes on the disk. What is beyond goes when something is added: of the cache
    /// what was not used for the longest time, then images without a name.
    pub fn limit_to(&self, bytes: u64) {
        self.limit().get_or_init(|| bytes);
    }

    /// Makes room for what is about to be added.
    ///
    /// # Errors
    /// [`Error::Full`] if all the rest is needed; as [`prune`](Store::prune).
    pub(crate) fn make_room(&self, growth: u64) -> Result<(), Error> {
        let Some(limit) = self.limit().get().copied() else {
            return Ok(());
        };
        let mut total = Total::lock(self)?;
        let known = match total.read() {
            Some(known) => known,
            None => total.measured(self.measure()),
        };
        if known.saturating_add(growth) <= limit {
            return total.write(known + growth);
        }
        let fit = self.fit(limit, growth)?;
        let used = total.measured(fit.used);
        total.write(used + growth)?;
        match fit.used + growth <= limit {
            true => Ok(()),
            false => Err(Error::Full {
                used: fit.used,
                growth,
                limit,
            }),
        }
    }

    /// Brings the store down to its limit now, if it has one.
    ///
    /// # Errors
    /// [`Error::Full`] if what is needed is more than that; as [`prune`](Store::prune).
    pub fn fit_to_limit(&self) -> Result<Fit, Error> {
        let mut total = Total::lock(self)?;
        let limit = self.limit().get().copied().unwrap_or(u64::MAX);
        let fit = self.fit(limit, 0)?;
        let used = total.measured(fit.used);
        total.write(used)?;
        match fit.used <= limit {
            true => Ok(fit),
            false => Err(Error::Full {
                used: fit.used,
                growth: 0,
                limit,
            }),
        }
    }

    /// Removes garbage, and then as much as it takes: of the cache, then an image without a name and what only it
    /// kept in the cache, and so on.
    fn fit(&self, limit: u64, growth: u64) -> Result<Fit, Error> {
        let mut fit = Fit::default();
        loop {
            fit.freed += self.collect_garbage()?;
            fit.used = self.measure();
            if fit.used.saturating_add(growth) <= limit {
                return Ok(fit);
            }
            let target = (limit - limit / SLACK).saturating_sub(growth);
            let needed = Needed::find(self)?;
            self.evict(&needed, target, &mut fit)?;
            fit.used = self.measure();
            if fit.used.saturating_add(growth) <= limit || !self.remove_oldest(&needed)? {
                return Ok(fit);
            }
            fit.images += 1;
        }
    }

    /// Removes of the cache what was not used for the longest time, until the store takes no more than that.
    fn evict(&self, needed: &Needed, target: u64, fit: &mut Fit) -> Result<(), Error> {
        // What is least of use, if anybody goes on with it at all.
        let partial = self.sweep_partial_blobs(Duration::ZERO)?;
        fit.freed += partial;
        fit.used = fit.used.saturating_sub(partial);
        let mut sweep = Sweep::new(self)?;
        let entries = self.find_cache(needed)?.into_iter();
        for entry in entries.filter(|entry| !entry.shared) {
            if fit.used <= target {
                break;
            }
            let before = sweep.freed();
            fit.entries += usize::from(sweep.entry(entry)?.is_some());
            let freed = sweep.freed() - before;
            fit.freed += freed;
            fit.used = fit.used.saturating_sub(freed);
        }
        Ok(())
    }

    /// Removes the oldest image that has no name and no user; `false` if there is none.
    fn remove_oldest(&self, needed: &Needed) -> Result<bool, Error> {
        // Newest first in the list.
        for listed in self.images()?.into_iter().rev() {
            let id = &listed.image.id;
            let meant = listed.references.is_empty() && !needed.users.contains(id);
            if meant && !self.delete_unused([id].into_iter())?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the store takes on the disk, without what is being made just now.
    fn measure(&self) -> u64 {
        let mut meter = Meter::default();
        let parts = Layout::DIRECTORIES.iter().filter(|name| **name != "tmp");
        let beside = ["git", "builds", "blobs/sha512"];
        let parts = parts.copied().chain(beside);
        parts.map(|name| meter.add(&self.path().join(name))).sum()
    }

    /// Something was removed: what the store takes is to be measured before it is trusted again.
    pub(super) fn forget_total(&self) {
        let _ = fs::remove_file(self.layout().usage());
    }
}

impl Total {
    fn lock(store: &Store) -> Result<Total, Error> {
        let path = store.layout().usage();
        loop {
            let file = locked(&path, FlockOperation::LockExclusive)?;
            // It may have been removed while we waited.
            let same = |a: fs::Metadata, b: fs::Metadata| {
                use std::os::unix::fs::MetadataExt;
                a.ino() == b.ino()
            };
            if let (Ok(held), Ok(named)) = (file.metadata(), fs::metadata(&path))
                && same(held, named)
            {
                return Ok(Total { file, measured: 0 });
            }
        }
    }

    /// What is known, if it is not too old. Damage is nothing known.
    fn read(&mut self) -> Option<u64> {
        let mut text = String::new();
        (&self.file).take(64).read_to_string(&mut text).ok()?;
        let (bytes, measured) = text.trim().split_once(' ')?;
        self.measured = measured.parse().ok()?;
        let age = now().checked_sub(self.measured)?;
        bytes.parse().ok().filter(|_| age < TRUSTED.as_secs())
    }

    /// Notes that so much was just measured.
    fn measured(&mut self, bytes: u64) -> u64 {
        self.measured = now();
        bytes
    }

    fn write(&mut self, bytes: u64) -> Result<(), Error> {
        let text = format!("{bytes:020} {:020}\n", self.measured);
        let failed = Error::io("write", std::path::Path::new("usage"));
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(text.as_bytes()))
            .map_err(failed)
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
