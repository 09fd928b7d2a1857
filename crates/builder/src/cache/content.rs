//! What a build can tell other machines: a record of each step, and the layers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use store::{Sealed, SnapshotId, Timestamps};

use super::document::{CachedLayer, CachedRecord, seconds};
use super::place::Place;
use super::{CacheMode, Importer};
use crate::key::{self, Key, stack_key};
use crate::record::Record;
use crate::schedule::Schedule;
use crate::step::{Operation, StepId};
use crate::{Environment, Error, Plan};

/// What a build did, for its caches.
#[derive(Debug, Default)]
pub struct CacheContent {
    /// One for each step, in the order of the plan; `layer` is the place in `layers`.
    pub(super) records: Vec<(CacheMode, CachedRecord)>,
    pub(super) layers: Vec<ContentLayer>,
    /// The cache mounts of its steps.
    pub(crate) mounts: Vec<store::CacheMountId>,
}

/// A layer that a step made.
pub(super) struct ContentLayer {
    /// The least mode in which it is exported.
    pub(super) mode: CacheMode,
    pub(super) at: LayerPlace,
}

/// Where a layer is.
pub(super) enum LayerPlace {
    /// In the store.
    Here(Sealed),
    /// In a cache, as it came.
    There(Box<CachedLayer>, Arc<dyn Place>),
}

impl std::fmt::Debug for ContentLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ContentLayer")
            .field(self.at.diff_id())
            .finish()
    }
}

impl LayerPlace {
    pub(super) fn diff_id(&self) -> &oci::DiffId {
        match self {
            Self::Here(sealed) => &sealed.diff_id,
            Self::There(layer, _) => &layer.diff_id,
        }
    }
}

/// Collects what the steps of a build made.
pub(crate) struct Gathering<'g> {
    pub(crate) plan: &'g Plan,
    pub(crate) schedule: &'g Schedule<'g>,
    pub(crate) importer: &'g Importer<'g>,
    pub(crate) environment: &'g Environment<'g>,
}

impl Gathering<'_> {
    /// The steps that were needed or are known; in [`CacheMode::Min`] those whose layers are in the image.
    ///
    /// A step whose layer cannot be read any more, as an earlier build made it and its base is not unpacked, is left out.
    pub(crate) fn gather(&self, mode: CacheMode) -> Result<CacheContent, Error> {
        let results: Vec<StepId> = self.plan.results().flat_map(|i| i.layers.clone()).collect();
        let mut content = CacheContent::default();
        let mut names = Names::default();
        let mut places: HashMap<oci::DiffId, usize> = HashMap::new();
        for id in (0u32..).map(StepId).take(self.plan.steps.len()) {
            if self.environment.cancel.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let least = match results.contains(&id) {
                true => CacheMode::Min,
                false => CacheMode::Max,
            };
            let is_image = matches!(
                self.plan.steps[id.0 as usize].operation,
                Operation::Image(_)
            );
            if least > mode && !is_image {
                continue;
            }
            let Some((record, at)) = self.step(id, &mut names) else {
                continue;
            };
            let place = *places.entry(at.diff_id().clone()).or_insert_with(|| {
                content.layers.push(ContentLayer { mode: least, at });
                content.layers.len() - 1
            });
            let layer = &mut content.layers[place];
            layer.mode = layer.mode.min(least);
            let record = CachedRecord {
                layer: place,
                ..record
            };
            content.records.push((least, record));
        }
        Ok(content)
    }

    /// What a step made, with names that mean the same on every machine.
    fn step(&self, id: StepId, names: &mut Names) -> Option<(CachedRecord, LayerPlace)> {
        let step = &self.plan.steps[id.0 as usize];
        match &step.operation {
            Operation::Image(image) => {
                names.0.insert(id, image.snapshots());
                return None;
            }
            Operation::Fetch(_) => return None,
            _ => {}
        }
        let key = self.schedule.known_key(id)?;
        let made = self.schedule.peek(id)?;
        // What spoiled its record is not exported either.
        let record = self.schedule.record_of(id)?;
        if made.stack.last() != Some(&record.snapshot) {
            return None;
        }
        let below = match step.below {
            Some(below) => names.0.get(&below)?.clone(),
            None => Vec::new(),
        };
        let (ground, own) = match step.is_linked() {
            true => (&[][..], &made.stack[made.stack.len() - 1..]),
            false => (below.as_slice(), made.stack.as_slice()),
        };
        let at = self.layer(own)?;
        let name = SnapshotId::of_layer_on(ground, at.diff_id());
        let content = self.content_key(id, &record, names);
        let cached = CachedRecord {
            key,
            content,
            files: record.files,
            layer: 0,
            below: below.last().cloned(),
            created: seconds(record.created),
            coarse: self.schedule.has_coarse_times(&record),
            notices: record.notices,
        };
        names
            .0
            .insert(id, below.into_iter().chain([name]).collect());
        Some((cached, at))
    }

    fn layer(&self, stack: &[SnapshotId]) -> Option<LayerPlace> {
        let store = self.environment.store;
        let top = stack.last()?;
        if let Some((layer, place)) = self.importer.layer_of(top) {
            return Some(LayerPlace::There(Box::new(layer), place));
        }
        let sealed = store.seal(stack, Timestamps::Kept).ok()?;
        Some(LayerPlace::Here(sealed))
    }

    /// The content key, if everything that the step stands on has a name for all machines.
    fn content_key(&self, id: StepId, record: &Record, names: &Names) -> Option<Key> {
        let step = &self.plan.steps[id.0 as usize];
        let copies_files = matches!(&step.operation, Operation::Copy(copy) if copy.has_paths() || copy.fetched().next().is_some());
        if copies_files && record.files.is_none() {
            return None;
        }
        let inputs = step.operation.inputs();
        let needed: Vec<StepId> = match copies_files {
            true => step.below.into_iter().collect(),
            false => step.below.into_iter().chain(inputs).collect(),
        };
        if !needed.iter().all(|id| names.0.contains_key(id)) {
            return None;
        }
        let identity = |id: StepId| stack_key(names.0.get(&id).map_or(&[], Vec::as_slice));
        Some(key::of(step, &identity, record.files))
    }
}

/// The snapshots that steps leave, by the names that they have on machines that get them from a cache.
#[derive(Default)]
struct Names(HashMap<StepId, Vec<SnapshotId>>);
