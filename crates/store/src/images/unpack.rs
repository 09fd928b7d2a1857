//! From an image's blobs to a stack of snapshots.
//!
//! Layers are decompressed and unpacked side by side, each by itself; only the last touch of each, which depends on
//! those below it, is done in their order.

mod watched;

use std::io;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use oci::{BlobSource, ChainId, Descriptor, compression};

use super::{Image, ImageLayer};
use crate::archive::check_diff_id;
use crate::blobs::{Kept, stream};
use crate::{Applied, Draft, Error, Snapshot, SnapshotId, SnapshotMeta, Store, apply};
use watched::{Watched, was_stopped};

/// As many layers at once: more connections do not make a registry faster, nor more writers a disk.
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
type Unpacked = (Draft, Applied);

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
    /// Processes that unpack the same layer at once do the same work, and one of them wins.
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
        let mut missing = Vec::new();
        for StackLayer { id, layer, .. } in layers {
            match layer {
                Some(layer) if self.snapshot(id)?.is_none() => missing.push((id, layer)),
                _ => {}
            }
        }
        let work = Work {
            store: self,
            source,
            proceed,
            failed: AtomicBool::new(false),
        };
        let mut unpacked = work.unpack(&missing)?.into_iter();
        let mut stack = Vec::with_capacity(layers.len());
        for StackLayer { id, layer, ground } in layers {
            let snapshot = match layer {
                Some(layer) if missing.iter().any(|(other, _)| *other == id) => {
                    let one = unpacked.next().expect("every missing layer was unpacked");
                    let below = match ground {
                        Ground::Below => &stack[..],
                        Ground::Nothing => &[],
                    };
                    self.keep_layer(id, &layer.blob, one, below)?
                }
                _ => self.with_files(self.existing(id)?, &stack)?,
            };
            stack.push(snapshot);
        }
        Ok(stack)
    }

    /// Puts an unpacked layer on top of the others.
    fn keep_layer(
        &self,
        id: &SnapshotId,
        blob: &Descriptor,
        (draft, mut applied): Unpacked,
        below: &[Snapshot],
    ) -> Result<Snapshot, Error> {
        applied.settle(&draft.dir(), &self.union(below)?)?;
        let meta = SnapshotMeta {
            diff_id: Some(applied.diff_id.clone()),
            tar_size: Some(applied.tar_size),
            size: Some(applied.size),
            ..SnapshotMeta::default()
        };
        let snapshot = draft.commit(id, &meta)?;
        let is_file = self.blob_path(&blob.digest).exists();
        self.update_layer(&applied.diff_id, |layer| {
            layer.size = Some(applied.tar_size);
            layer.unpacked = Some(applied.size);
            if is_file {
                layer.add_blob(blob);
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
    failed: AtomicBool,
}

impl Work<'_> {
    /// Unpacks layers side by side; what comes of them is in their order.
    fn unpack(&self, layers: &[(&SnapshotId, &ImageLayer)]) -> Result<Vec<Unpacked>, Error> {
        let next = AtomicUsize::new(0);
        let done: Vec<Mutex<Option<Unpacked>>> = layers.iter().map(|_| Mutex::new(None)).collect();
        let run = || -> Result<(), Error> {
            while !self.failed.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((_, layer)) = layers.get(at) else {
                    break;
                };
                let unpacked = self.unpack_one(layer);
                let unpacked =
                    unpacked.inspect_err(|_| self.failed.store(true, Ordering::Relaxed))?;
                *done[at].lock().expect("no code that holds the lock panics") = Some(unpacked);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others = threads(layers.len()).saturating_sub(1);
            let others: Vec<_> = (0..others).map(|_| scope.spawn(run)).collect();
            let own = run();
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
        let done = done
            .into_iter()
            .filter_map(|cell| cell.into_inner().ok().flatten());
        Ok(done.collect())
    }

    fn unpack_one(&self, layer: &ImageLayer) -> Result<Unpacked, Error> {
        let draft = self.store.draft()?;
        let blob = &layer.blob;
        let applied = if self.store.has_blob(&blob.digest)? {
            let content = self.store.open_blob(&blob.digest)?;
            self.apply(&mut self.watch(blob, content), blob, &draft)?
        } else {
            let fetched = self
                .source
                .open(blob)
                .map_err(|source| Error::Source { source })?;
            let mut kept = Kept {
                content: self.watch(blob, fetched),
                writer: self.store.blob_writer_for(blob)?,
            };
            let applied = self.apply(&mut kept, blob, &draft)?;
            // A decompressor may stop before the end of the blob, all of which is what has the digest.
            io::copy(&mut kept, &mut io::sink()).map_err(|e| self.reading(blob, e))?;
            kept.writer.finish().keep_as(blob)?;
            applied
        };
        check_diff_id(&layer.diff_id, applied.diff_id.digest().clone())?;
        Ok((draft, applied))
    }

    fn watch<'a>(&'a self, blob: &'a Descriptor, content: Box<dyn io::Read + Send>) -> Watched<'a> {
        let proceed =
            move |count| !self.failed.load(Ordering::Relaxed) && (self.proceed)(blob, count);
        Watched::new(content, Box::new(proceed))
    }

    fn apply(
        &self,
        content: &mut (dyn io::Read + Send),
        blob: &Descriptor,
        draft: &Draft,
    ) -> Result<Applied, Error> {
        let (_, tar) = compression::decoder(content).map_err(|e| self.reading(blob, e))?;
        // Most base images are one big layer: decompressing it and making its files are two threads' work.
        let applied = std::thread::scope(|scope| {
            let (pieces, stream) = stream();
            scope.spawn(|| pieces.pump(tar));
            apply(stream, &draft.dir())
        });
        applied.map_err(|error| match was_stopped(&error) {
            true => Error::Stopped,
            false => Error::UnpackLayer {
                digest: blob.digest.clone(),
                source: error,
            },
        })
    }

    fn reading(&self, blob: &Descriptor, source: io::Error) -> Error {
        match was_stopped(&source) {
            true => Error::Stopped,
            false => Error::ReadBlob {
                digest: blob.digest.clone(),
                source,
            },
        }
    }
}

fn threads(layers: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    layers.min(processors).min(LAYERS_AT_ONCE)
}
