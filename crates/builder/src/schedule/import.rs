//! Steps that caches of other machines know.

use std::sync::Arc;

use oci::{Descriptor, DiffId};
use store::SnapshotId;

use super::{Made, Schedule, Stopped};
use crate::cache::{self, Question};
use crate::key::Key;
use crate::record::Record;
use crate::step::{Operation, StepId};
use crate::{BaseImage, Error, Event, LeftLayers, StageImage};

impl Schedule<'_> {
    /// The record of a key that holds on what is below: the store's, or else another machine's.
    pub(super) fn recorded_on(&self, id: StepId, key: Key, below: &Made) -> Option<Record> {
        let step = self.step(id);
        let own = self.recorded(id, key).filter(|own| own.fits(below, step));
        if own.is_some() || step.no_cache {
            return own;
        }
        let record = self.importer.record(Question {
            key,
            below,
            linked: step.is_linked(),
            exact: self.exact_times,
        });
        // Of a content key it is kept under the definition key, by which the next build asks.
        let definition = self.known_key(id).unwrap_or(key);
        if let Some(record) = &record {
            self.importer.used(definition, record);
        }
        record
    }

    /// Whether anybody knows a step, on whatever that may lie.
    pub(super) fn is_known(&self, id: StepId, key: Key) -> bool {
        let step = self.step(id);
        !step.no_cache && (self.recorded(id, key).is_some() || self.importer.knows(key))
    }

    /// A step whose result is known.
    pub(super) fn hit(&self, id: StepId, record: &Record, below: &Made) -> Result<Made, Stopped> {
        self.tell(id, &record.notices)?;
        if let Some(cache) = &record.from {
            (self.environment.events)(Event::Imported(id, cache.to_string()));
        }
        (self.environment.events)(Event::Cached(id));
        Ok(below.with(record))
    }

    /// The record of a step, as far as it is known without asking anybody now.
    pub(crate) fn record_of(&self, id: StepId) -> Option<Record> {
        let step = self.step(id);
        let key = self.known_key(id)?;
        let below = match step.below {
            Some(below) => self.peek(below)?,
            None => Made::default(),
        };
        let own = Record::read(self.environment.store, key).filter(|own| own.fits(&below, step));
        if own.is_some() || !self.importer.was_asked() {
            return own;
        }
        self.importer.record(Question {
            key,
            below: &below,
            linked: step.is_linked(),
            exact: self.exact_times,
        })
    }

    /// Whether a step's layer is made on nothing, whatever it lies on.
    pub(crate) fn is_linked(&self, id: StepId) -> bool {
        self.step(id).is_linked()
    }

    /// Whether what a step made has times of whole seconds, though the build made them.
    pub(crate) fn has_coarse_times(&self, record: &Record) -> bool {
        if let Some(coarse) = self.importer.is_coarse(&record.snapshot) {
            return coarse;
        }
        let snapshot = self.environment.store.snapshot(&record.snapshot);
        let meta = snapshot.ok().flatten().and_then(|found| found.meta().ok());
        meta.is_none_or(|meta| meta.coarse_times)
    }

    /// Whether images are to tell what their layers are.
    pub(crate) fn has_inline_cache(&self) -> bool {
        self.options.cache.inline
    }

    /// Sees to it that the layers of a stack are here that were found in caches.
    pub(super) fn restore(&self, made: &Made, asked_by: StepId) -> Result<(), Stopped> {
        let restored = self.importer.restore(&made.stack, asked_by);
        restored.map_err(|error| self.give_up(error))
    }

    /// Sees to it that what a target is made of is here; of an image that is only pushed, no more than somebody looks into.
    pub(super) fn provide(&self, made: &Made, asked_by: StepId) -> Result<(), Stopped> {
        let whole = self.exact_times || self.has_inline_cache();
        let Some(compression) = self.environment.leave.filter(|_| !whole) else {
            return self.unpack(made, asked_by);
        };
        let base = made.base.and_then(|base| self.base_image(base));
        let ground = base.map_or(0, |base| base.config.rootfs.diff_ids.len());
        let (below, own) = made.stack.split_at(ground);
        let is_needed = |id: &SnapshotId| !self.importer.leave(id, compression);
        // To find out what a layer is, all that it lies on is looked at.
        let needed = match own.iter().rposition(is_needed) {
            Some(highest) => &made.stack[..=ground + highest],
            None if base.is_none_or(|base| base.may_stay(self.environment.store)) => return Ok(()),
            None => below,
        };
        let needed = Made {
            stack: Arc::new(needed.to_vec()),
            ..made.clone()
        };
        self.unpack(&needed, asked_by)
    }

    fn base_image(&self, id: StepId) -> Option<&BaseImage> {
        match &self.step(id).operation {
            Operation::Image(image) => Some(image),
            _ => None,
        }
    }

    /// A layer that stays in its cache.
    pub(crate) fn left(&self, snapshot: &SnapshotId) -> Option<(Descriptor, DiffId)> {
        let (blob, diff_id, _) = self.importer.left(snapshot)?;
        Some((blob, diff_id))
    }

    /// What of these images is not here, and where it is.
    pub(crate) fn left_of(&self, images: &[(&StageImage, &Made)]) -> Result<LeftLayers, Error> {
        let mut left = LeftLayers::default();
        if self.environment.leave.is_none() {
            return Ok(left);
        }
        for (image, made) in images {
            for (blob, _, place) in made.stack.iter().filter_map(|id| self.importer.left(id)) {
                left.add(&blob.digest, place);
            }
            let Some(base) = &image.base else { continue };
            let store = self.environment.store;
            for layer in &base.manifest.layers {
                if let Some(reference) = &base.reference
                    && !store.has_blob(&layer.digest)?
                {
                    let repository = self.environment.registry.repository(reference);
                    let place =
                        cache::at_repository(repository.map_err(|e| Error::Push(e.into()))?);
                    left.add(&layer.digest, place);
                }
            }
        }
        Ok(left)
    }

    /// Stops everything, but no step has failed: the build begins again without the cache that is at fault.
    fn give_up(&self, error: Error) -> Stopped {
        let mut first = self.first_error.lock().expect("no thread panics with it");
        if first.is_none() && !self.stopped() {
            *first = Some(error);
        }
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        Stopped
    }
}
