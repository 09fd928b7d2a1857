//! Unpacking an image's layers, fetching what the store does not have.
//!
//! A layer is unpacked while it comes: the bytes go to the store's blob and to the unpacker at
//! once. Layers come and are unpacked side by side; only the last touch of each waits for those
//! below it.

use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use oci::compression::decoder;
use oci::{ChainId, Descriptor, ImageConfig, Manifest};
use store::{Applied, BlobWriter, Draft, SnapshotId, SnapshotMeta, Store, apply};

use crate::Error;

/// As many layers at once: more connections do not make a registry faster.
const LAYERS_AT_ONCE: usize = 4;

/// Opens a layer's blob where the store does not have it; what comes is checked against the
/// descriptor.
pub type Fetch<'a> = dyn Fn(&Descriptor) -> Result<Box<dyn Read + Send>, Error> + Sync + 'a;

/// What looks on while layers come.
pub struct Watch<'a> {
    /// Ends it when set.
    pub cancel: &'a AtomicBool,
    /// Is told how many bytes of a blob have come, now and then.
    pub progress: &'a (dyn Fn(&Descriptor, u64) + Sync),
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// A layer that is unpacked but does not stand on those below it yet.
type Unpacked = (Draft, Applied);

/// Unpacks those layers of an image that the store does not have as snapshots. Blobs that are
/// fetched for it are kept.
///
/// # Errors
/// When a layer cannot be fetched or unpacked, or is not the one that the config names.
pub fn unpack(
    store: &Store,
    manifest: &Manifest,
    config: &ImageConfig,
    fetch: &Fetch<'_>,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(Error::LayerCount {
            manifest: manifest.layers.len(),
            config: diff_ids.len(),
        });
    }
    let ids: Vec<SnapshotId> = (1..=diff_ids.len())
        .filter_map(|end| ChainId::of(&diff_ids[..end]))
        .map(|chain| SnapshotId::of_chain(&chain))
        .collect();
    let mut missing = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        if store.snapshot(id)?.is_none() {
            missing.push(at);
        }
    }
    let layers = unpack_missing(store, &manifest.layers, &missing, fetch, watch)?;
    for (at, (draft, mut applied)) in missing.into_iter().zip(layers) {
        if applied.diff_id != diff_ids[at] {
            return Err(Error::DiffId {
                blob: manifest.layers[at].digest.clone(),
                expected: diff_ids[at].clone(),
                found: applied.diff_id,
            });
        }
        let below = store.union(&store.stack(&ids[..at])?)?;
        applied.settle(&draft.dir(), &below)?;
        keep(store, &ids[at], &manifest.layers[at], draft, &applied)?;
    }
    Ok(())
}

/// Makes a layer a snapshot, and notes what was learnt of it.
fn keep(
    store: &Store,
    id: &SnapshotId,
    blob: &Descriptor,
    draft: Draft,
    applied: &Applied,
) -> Result<(), Error> {
    let meta = SnapshotMeta {
        diff_id: Some(applied.diff_id.clone()),
        tar_size: Some(applied.tar_size),
        size: Some(applied.size),
    };
    draft.commit(id, &meta)?;
    store.update_layer(&applied.diff_id, |layer| {
        layer.size = Some(applied.tar_size);
        layer.unpacked = Some(applied.size);
        layer.add_blob(blob);
    })?;
    Ok(())
}

/// Unpacks layers side by side, each by itself; the result is in the order of `missing`.
fn unpack_missing(
    store: &Store,
    blobs: &[Descriptor],
    missing: &[usize],
    fetch: &Fetch<'_>,
    watch: &Watch<'_>,
) -> Result<Vec<Unpacked>, Error> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done: Vec<Mutex<Option<Unpacked>>> = missing.iter().map(|_| Mutex::new(None)).collect();
    let work = || -> Result<(), Error> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= missing.len() || failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let unpacked = unpack_one(store, &blobs[missing[at]], fetch, watch)
                .inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            *done[at].lock().expect("no thread panics with it") = Some(unpacked);
        }
    };
    std::thread::scope(|scope| {
        let threads = LAYERS_AT_ONCE.min(missing.len()).max(1);
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        others
            .into_iter()
            .map(|other| other.join().expect("unpacking does not panic"))
            .fold(own, Result::and)
    })?;
    let unpacked = |cell: Mutex<Option<Unpacked>>| {
        let cell = cell.into_inner().expect("no thread panics with it");
        cell.expect("every layer was unpacked, or there was an error")
    };
    Ok(done.into_iter().map(unpacked).collect())
}

fn unpack_one(
    store: &Store,
    blob: &Descriptor,
    fetch: &Fetch<'_>,
    watch: &Watch<'_>,
) -> Result<Unpacked, Error> {
    let draft = store.draft()?;
    if store.has_blob(&blob.digest)? {
        let content = Watched::new(store.open_blob(&blob.digest)?, blob, watch);
        let applied = apply_blob(content, &draft, watch.cancel)?;
        return Ok((draft, applied));
    }
    let mut writer = store.blob_writer()?;
    let content = Watched::new(fetch(blob)?, blob, watch);
    let mut tee = Tee {
        content,
        copy: &mut writer,
    };
    let applied = apply_blob(&mut tee, &draft, watch.cancel)?;
    // A decompressor may stop before the end of the blob, which has to be checked to its end.
    io::copy(&mut tee, &mut io::sink()).map_err(|source| Error::Unpack { source })?;
    let new = writer.finish();
    if (new.digest(), new.size()) != (&blob.digest, blob.size) {
        return Err(Error::Content {
            blob: blob.digest.clone(),
            found: new.digest().clone(),
        });
    }
    new.keep()?;
    Ok((draft, applied))
}

fn apply_blob(
    content: impl Read + Send,
    draft: &Draft,
    cancel: &AtomicBool,
) -> Result<Applied, Error> {
    let (_, tar) = decoder(content).map_err(|source| Error::Unpack { source })?;
    apply(tar, &draft.dir()).map_err(|error| {
        if cancel.load(Ordering::Relaxed) {
            Error::Cancelled
        } else {
            Error::Layer(error)
        }
    })
}

/// A reader that keeps what is read.
struct Tee<'a, R> {
    content: R,
    copy: &'a mut BlobWriter,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        io::Write::write_all(self.copy, &buffer[..read])?;
        Ok(read)
    }
}

/// A reader that tells how far it is, and ends with an error when the build is stopped.
struct Watched<'a, R> {
    inner: R,
    blob: &'a Descriptor,
    watch: &'a Watch<'a>,
    done: u64,
    told: u64,
}

/// Bytes between two reports.
const REPORT: u64 = 1 << 20;

impl<'a, R> Watched<'a, R> {
    fn new(inner: R, blob: &'a Descriptor, watch: &'a Watch<'a>) -> Self {
        Self {
            inner,
            blob,
            watch,
            done: 0,
            told: 0,
        }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.cancel.load(Ordering::Relaxed) {
            return Err(io::Error::other("stopped"));
        }
        let read = self.inner.read(buffer)?;
        self.done += read as u64;
        if self.done - self.told >= REPORT || (read == 0 && self.done != self.told) {
            self.told = self.done;
            (self.watch.progress)(self.blob, self.done);
        }
        Ok(read)
    }
}
