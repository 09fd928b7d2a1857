//! From an image's blobs to a stack of snapshots.
//!
//! Layers are fetched, decompressed and unpacked side by side, each by itself; only the last touch of each, which depends
//! on those below it, is done in their order.

mod claim;
mod layer;
mod watched;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use oci::{BlobSource, ChainId, Descriptor};

use super::{Image, ImageLayer};
use crate::{Applied, Draft, Error, Snapshot, SnapshotId, SnapshotMeta, Store};
use claim::Claim;

/// As many layers at once: more connections do not make a registry faster, nor more writers a disk. Fewer would leave
/// the processors without work where the network is slow.
const LAYERS_AT_ONCE: usize = 4;

/// Is told how many bytes of a blob were read so far, and says whether to go on. From several threads.
pub type Proceed<'a> = &'a (dyn Fn(&Descriptor, u64) -> bool + Sync);

/// A place in a stack, to be unpacked if there is no such snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackLayer {
    /// The snapshot's name.
    pub id: SnapshotId,
    /// The layer that it is; `None` for one that must be here.
    pub layer: Option<ImageLayer>,
    /// What it was made on.
    pub ground: Ground,
}

/// What a layer was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The layers below it.
    Below,
    /// Nothing, whatever it lies on: `COPY --link`.
    Nothing,
}

/// A layer that is unpacked, but not on top of the others yet.
struct Unpacked {
    blob: Descriptor,
    draft: Draft,
    applied: Applied,
    /// Goes when the layer has its name: whoever waits for it finds it then.
    _claim: Claim,
}

impl Store {
    /// The snapshots of an image, the bottom one first. Those that are not here are unpacked from the store's blobs.
    ///
    /// # Errors
    /// As [`unpack_layers`](Store::unpack_layers).
    pub fn unpack_image(&self, image: &Image) -> Result<Vec<Snapshot>, Error> {
        self.unpack_layers(&image.layers, self, &|_, _| true)
    }

    /// The snapshots of a stack of layers, the bottom one first. Layers that have none are unpacked; blobs that the
    /// store lacks come from `source` and are kept, and are unpacked while they come.
    ///
    /// Each layer is done once: who needs one that another thread or process is about to unpack waits for it, and does
    /// it itself should the other one fail. Layers that are done stay, even if one above them fails.
    ///
    /// # Errors
    /// [`Error::Source`] if a blob cannot be had, [`Error::Stopped`] if `proceed` said no, [`Error::Layer`] and
    /// [`Error::ReadBlob`] if a layer cannot be unpacked, [`Error::Content`] if a blob does not have its digest or a
    /// layer its diff ID; [`Error::Io`].
    pub fn unpack_layers(
        &self,
        layers: &[ImageLayer],
        source: &(dyn BlobSource + Sync),
        proceed: Proceed<'_>,
    ) -> Result<Vec<Snapshot>, Error> {
        let ids = snapshot_ids(layers);
        let stack: Vec<StackLayer> = ids
            .into_iter()
            .zip(layers)
            .map(|(id, layer)| StackLayer {
                id,
                layer: Some(layer.clone()),
                ground: Ground::Below,
            })
            .collect();
        self.unpack_stack(&stack, source, proceed)
    }

    /// The snapshots of a stack of which some may be layers that are not unpacked yet, under names of their own. As
    /// [`unpack_layers`](Store::unpack_layers) for the rest.
    ///
    /// # Errors
    /// As [`unpack_layers`](Store::unpack_layers); [`Error::NoSuchSnapshot`] for one that is missing and has no layer.
    pub fn unpack_stack(
        &self,
        layers: &[StackLayer],
        source: &(dyn BlobSource + Sync),
        proceed: Proceed<'_>,
    ) -> Result<Vec<Snapshot>, Error> {
        let mut stack = Vec::with_capacity(layers.len());
        for StackLayer { id, .. } in layers {
            match self.snapshot(id)? {
                Some(snapshot) => stack.push(self.with_files(snapshot, &stack)?),
                None => break,
            }
        }
        let work = Work {
            store: self,
            source,
            proceed,
            layers,
            next: AtomicUsize::new(stack.len()),
            failed: AtomicBool::new(false),
            pile: Mutex::new(Pile {
                stack,
                waiting: BTreeMap::new(),
            }),
        };
        work.run()
    }

    /// Puts an unpacked layer on top of the others.
    fn keep_layer(
        &self,
        id: &SnapshotId,
        unpacked: Unpacked,
        below: &[Snapshot],
    ) -> Result<Snapshot, Error> {
        let Unpacked {
            blob,
            draft,
            mut applied,
            _claim,
        } = unpacked;
        applied.settle(&draft.dir(), &self.union(below)?)?;
        let meta = SnapshotMeta {
            diff_id: Some(applied.diff_id.clone()),
            tar_size: Some(applied.tar_size),
            size: Some(applied.size),
            ..SnapshotMeta::default()
        };
        let snapshot = draft.commit(id, &meta)?;
        let is_file = self.has_file(&blob.digest)?;
        self.update_layer(&applied.diff_id, |layer| {
            layer.size = Some(applied.tar_size);
            layer.unpacked = Some(applied.size);
            if is_file {
                layer.add_blob(&blob);
            }
        })?;
        Ok(snapshot)
    }
}

/// The names of the snapshots of a stack of layers.
fn snapshot_ids(layers: &[ImageLayer]) -> Vec<SnapshotId> {
    let mut chain: Option<ChainId> = None;
    let ids = layers.iter().map(|layer| {
        let next = ChainId::on(chain.as_ref(), &layer.diff_id);
        SnapshotId::of_chain(chain.insert(next))
    });
    ids.collect()
}

/// What the threads that unpack share.
struct Work<'a> {
    store: &'a Store,
    source: &'a (dyn BlobSource + Sync),
    proceed: Proceed<'a>,
    layers: &'a [StackLayer],
    /// The lowest layer that nobody began with.
    next: AtomicUsize,
    failed: AtomicBool,
    pile: Mutex<Pile>,
}

/// The layers that are done.
struct Pile {
    /// From the bottom up.
    stack: Vec<Snapshot>,
    /// Those that wait for others below them, by their place.
    waiting: BTreeMap<usize, Done>,
}

/// What came of a layer.
enum Done {
    There(Snapshot),
    Unpacked(Box<Unpacked>),
}

impl Work<'_> {
    /// Unpacks what is missing, side by side.
    fn run(self) -> Result<Vec<Snapshot>, Error> {
        let missing = self.layers.len() - self.next.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            let threads = missing.min(LAYERS_AT_ONCE);
            let others: Vec<_> = (1..threads)
                .map(|_| scope.spawn(|| self.take_layers()))
                .collect();
            let own = self.take_layers();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().expect("unpacking does not panic")
            };
            others
                .into_iter()
                .map(join)
                .fold(own, |first, other| match (first, other) {
                    // What stopped the others is what went wrong.
                    (Err(Error::Stopped), Err(other)) => Err(other),
                    (first, other) => first.and(other),
                })
        })?;
        let pile = self.pile.into_inner();
        Ok(pile.expect("no thread panicked").stack)
    }

    /// Takes one layer after the other, while there are any.
    fn take_layers(&self) -> Result<(), Error> {
        while !self.failed.load(Ordering::Relaxed) {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(layer) = self.layers.get(at) else {
                break;
            };
            self.layer(layer)
                .and_then(|done| self.put(at, done))
                .inspect_err(|_| self.failed.store(true, Ordering::Relaxed))?;
        }
        Ok(())
    }

    /// One layer, by itself: it is there already, or becomes so elsewhere, or is unpacked here.
    fn layer(&self, StackLayer { id, layer, .. }: &StackLayer) -> Result<Done, Error> {
        let layer = match (self.store.snapshot(id)?, layer) {
            (Some(snapshot), _) => return Ok(Done::There(snapshot)),
            (None, None) => return Err(Error::NoSuchSnapshot { id: id.clone() }),
            (None, Some(layer)) => layer,
        };
        let proceed = || self.goes_on(&layer.blob, 0);
        let claim = self.store.claim_layer(id, &proceed)?;
        if let Some(snapshot) = self.store.snapshot(id)? {
            return Ok(Done::There(snapshot));
        }
        let (draft, applied) = self.unpack(layer)?;
        Ok(Done::Unpacked(Box::new(Unpacked {
            blob: layer.blob.clone(),
            draft,
            applied,
            _claim: claim,
        })))
    }

    /// Puts a layer in its place, and on top of it those that waited for it.
    fn put(&self, at: usize, done: Done) -> Result<(), Error> {
        let mut pile = self.pile.lock().expect("no code that holds it panics");
        pile.waiting.insert(at, done);
        loop {
            let place = pile.stack.len();
            let Some(done) = pile.waiting.remove(&place) else {
                return Ok(());
            };
            let StackLayer { id, ground, .. } = &self.layers[place];
            let snapshot = match (done, ground) {
                (Done::There(snapshot), _) => self.store.with_files(snapshot, &pile.stack)?,
                (Done::Unpacked(one), Ground::Below) => {
                    self.store.keep_layer(id, *one, &pile.stack)?
                }
                (Done::Unpacked(one), Ground::Nothing) => self.store.keep_layer(id, *one, &[])?,
            };
            pile.stack.push(snapshot);
        }
    }

    /// Whether there is still a wish to have the layers.
    fn goes_on(&self, blob: &Descriptor, count: u64) -> bool {
        !self.failed.load(Ordering::Relaxed) && (self.proceed)(blob, count)
    }
}
