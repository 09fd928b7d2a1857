//! Collecting garbage, and making room.
//!
//! *Garbage* is what nothing leads to: no image, no cache record, no container, no living process. It goes whenever anyone
//! collects. The *cache* is what saves work and can be had again: snapshots that records name, unpacked layers whose blobs are
//! here, compressed copies, cache mounts, git repositories. It goes when somebody says so, or when the store
//! has grown above its limit; what was not used for the longest time goes first.
//!
//! References go before what they lead to, so that whoever is killed leaves garbage and no record of what is not there.

mod cache;
mod garbage;
mod limit;
mod needed;
mod remover;
mod sweep;

use std::time::{Duration, SystemTime};

use oci::Digest;

pub use cache::{CacheEntry, CacheKind};
pub use limit::Fit;

use crate::lease::Lease;
use crate::{Error, Image, Store};
use needed::Needed;
use sweep::{Sweep, Victim};

/// What of the cache is to go, beside garbage.
#[derive(Debug, Clone, Default)]
pub struct Prune {
    /// Which entries.
    pub scope: CacheScope,
    /// Only those that were last used before.
    pub unused_since: Option<SystemTime>,
    /// Only those of these kinds; all if there are none.
    pub kinds: Vec<CacheKind>,
    /// Only those whose names begin so; all if there are none.
    pub ids: Vec<String>,
    /// So many bytes may stay: what was used last does.
    pub keep: Option<u64>,
}

impl Prune {
    /// Whether nothing is spared.
    fn is_unfiltered(&self) -> bool {
        self.unused_since.is_none()
            && self.kinds.is_empty()
            && self.ids.is_empty()
            && self.keep.is_none()
    }
}

/// Which entries of the cache are to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheScope {
    /// None.
    #[default]
    Nothing,
    /// Those that no image shares.
    Unshared,
    /// All.
    All,
}

/// What is no more.
#[derive(Debug, Clone, Default)]
pub struct Pruned {
    /// Entries of the cache.
    pub entries: Vec<CacheEntry>,
    /// Images.
    pub images: Vec<Digest>,
    /// What that gave back on the disk, garbage included, in bytes.
    pub freed: u64,
}

impl Store {
    /// Removes garbage, and of the cache what `what` says. What a living process or a container needs stays, and all images.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Root`] if the store cannot be read or something cannot be removed.
    pub fn prune(&self, what: &Prune) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        // Removing entries leaves what only they led to.
        if what.scope != CacheScope::Nothing {
            let needed = Needed::find(self)?;
            let mut sweep = Sweep::new(self)?;
            for entry in self.chosen(&needed, what)? {
                pruned.entries.extend(sweep.entry(entry)?);
            }
            pruned.freed += sweep.finish()?;
        }
        if what.scope == CacheScope::All && what.is_unfiltered() {
            pruned.freed += self.sweep_partial_blobs(Duration::ZERO)?;
        }
        pruned.freed += self.collect_garbage()?;
        self.forget_total();
        Ok(pruned)
    }

    /// The entries of the cache that are to go, the oldest first.
    fn chosen(&self, needed: &Needed, what: &Prune) -> Result<Vec<CacheEntry>, Error> {
        let mut entries = self.find_cache(needed)?;
        let wanted = |entry: &CacheEntry| {
            (what.scope == CacheScope::All || !entry.shared)
                && what
                    .unused_since
                    .is_none_or(|moment| entry.last_used <= moment)
                && (what.kinds.is_empty() || what.kinds.contains(&entry.kind))
                && (what.ids.is_empty() || what.ids.iter().any(|id| entry.id.starts_with(id)))
        };
        entries.retain(wanted);
        let Some(keep) = what.keep else {
            return Ok(entries);
        };
        let mut meter = crate::usage::Meter::default();
        let mut kept = 0_u64;
        let mut chosen = Vec::new();
        for entry in entries.into_iter().rev() {
            kept = kept.saturating_add(self.measure_entry(&entry, &mut meter));
            if kept > keep {
                chosen.push(entry);
            }
        }
        chosen.reverse();
        Ok(chosen)
    }

    /// Removes images that have no name and that no container and no process uses, with all that only they needed.
    ///
    /// # Errors
    /// As [`prune`](Store::prune).
    pub fn remove_unnamed(&self, ids: &[Digest]) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        let needed = Needed::find(self)?;
        let ids = ids.iter().filter(|id| !needed.users.contains(id));
        pruned.images = self.delete_unused(ids)?;
        pruned.freed = self.collect_garbage()?;
        self.forget_total();
        Ok(pruned)
    }

    /// Removes the records of images that have no name. Those that are no more.
    fn delete_unused<'i>(
        &self,
        ids: impl Iterator<Item = &'i Digest>,
    ) -> Result<Vec<Digest>, Error> {
        let mut images = self.images_by_id()?;
        let mut sweep = Sweep::new(self)?;
        let mut deleted = Vec::new();
        for id in ids {
            let Some(named) = images
                .remove(id)
                .filter(|named| named.references.is_empty())
            else {
                continue;
            };
            for image in &named.images {
                let manifest = image.manifest.digest.clone();
                sweep.add(Victim {
                    path: self.image_path(&manifest),
                    lease: Some(Lease::Image(manifest)),
                    references: Vec::new(),
                })?;
            }
            deleted.push((id.clone(), named.images));
        }
        sweep.finish()?;
        let gone = |images: &[Image]| {
            let mut paths = images
                .iter()
                .map(|image| self.image_path(&image.manifest.digest));
            paths.all(|path| !path.exists())
        };
        deleted.retain(|(_, images)| gone(images));
        Ok(deleted.into_iter().map(|(id, _)| id).collect())
    }
}
