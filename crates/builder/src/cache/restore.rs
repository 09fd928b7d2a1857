//! Fetching the layers of steps that were found in caches, when somebody needs their files.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use oci::{BlobError, BlobSource, Descriptor, Digest};
use store::{SnapshotId, StackLayer};

use super::import::{Distant, Importer};
use super::place::Place;
use crate::{Error, Event, StepId};

impl Importer<'_> {
    /// Sees to it that all snapshots of a stack are here whose layers are in a cache. Those below must be.
    ///
    /// A cache that cannot give what it lists, or gives something else, is given up.
    pub(crate) fn restore(&self, stack: &[SnapshotId], step: StepId) -> Result<(), Error> {
        let distant = self.distant(stack);
        if distant.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut restored = self.restored.lock().expect("no thread panics with it");
        if stack
            .iter()
            .zip(&distant)
            .all(|(id, distant)| distant.is_none() || restored.contains(id))
        {
            return Ok(());
        }
        let layers: Vec<StackLayer> = std::iter::zip(stack, &distant)
            .map(|(id, distant)| StackLayer {
                id: id.clone(),
                layer: distant.as_ref().map(|distant| distant.layer.to_unpack()),
                ground: distant
                    .as_ref()
                    .map_or(store::Ground::Below, |distant| distant.ground),
            })
            .collect();
        let source = Places::new(self, distant.iter().flatten());
        let environment = self.environment;
        let proceed = |blob: &Descriptor, done: u64| {
            (environment.events)(Event::Progress {
                step,
                what: blob.digest.short().to_owned(),
                done,
                total: Some(blob.size),
            });
            !environment.cancel.load(Ordering::Relaxed)
        };
        match environment.store.unpack_stack(&layers, &source, &proceed) {
            Ok(snapshots) => {
                self.note_places(distant.iter().flatten())?;
                for (snapshot, distant) in snapshots.iter().zip(&distant) {
                    if distant.as_ref().is_some_and(|distant| distant.coarse) {
                        let meta = store::SnapshotMeta {
                            coarse_times: true,
                            ..snapshot.meta()?
                        };
                        environment.store.set_snapshot_meta(snapshot, &meta)?;
                    }
                }
                restored.extend(stack.iter().cloned());
                Ok(())
            }
            Err(_) if environment.cancel.load(Ordering::Relaxed) => Err(Error::Cancelled),
            Err(source) => Err(self.give_up(&distant, source)),
        }
    }

    /// Remembers in which repositories the layers are, from which others of the same registry can take them.
    fn note_places<'d>(&self, layers: impl Iterator<Item = &'d Distant>) -> Result<(), Error> {
        for Distant { layer, cache, .. } in layers {
            if let Some(repository) = self.loaded()[*cache].place.repository() {
                let store = self.environment.store;
                store.note_place(&layer.diff_id, &layer.blob.digest, &repository)?;
            }
        }
        Ok(())
    }

    fn distant(&self, stack: &[SnapshotId]) -> Vec<Option<Distant>> {
        let found = self.found.lock().expect("no thread panics with it");
        stack
            .iter()
            .map(|id| found.layers.get(id).cloned())
            .collect()
    }

    /// From now on nothing is asked of the caches that these layers are in.
    fn give_up(&self, distant: &[Option<Distant>], source: store::Error) -> Error {
        let reason = crate::base::told(&source);
        let mut caches: Vec<usize> = distant.iter().flatten().map(|d| d.cache).collect();
        caches.sort_unstable();
        caches.dedup();
        let mut names = Vec::new();
        for cache in caches.into_iter().map(|cache| &self.loaded()[cache]) {
            if !cache.broken.swap(true, Ordering::Relaxed) {
                self.tell(&cache.name, &reason);
            }
            names.push(cache.name.to_string());
        }
        self.gave_up.store(true, Ordering::Relaxed);
        let cache = names.join(", ");
        Error::Cache { cache, source }
    }
}

/// Where each of some layers is.
struct Places(Vec<(Digest, Arc<dyn Place>)>);

impl Places {
    fn new<'d>(importer: &Importer<'_>, layers: impl Iterator<Item = &'d Distant>) -> Self {
        let place = |distant: &Distant| {
            let place = Arc::clone(&importer.loaded()[distant.cache].place);
            (distant.layer.blob.digest.clone(), place)
        };
        Self(layers.map(place).collect())
    }
}

impl BlobSource for Places {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let place = self
            .0
            .iter()
            .find(|(digest, _)| *digest == descriptor.digest);
        match place {
            Some((_, place)) => place.open(descriptor),
            None => Err(BlobError::NotFound {
                digest: descriptor.digest.clone(),
            }),
        }
    }
}
