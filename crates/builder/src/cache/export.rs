//! `--cache-to`: sends what a build did to where other machines find it.

use std::io;
use std::sync::{Mutex, mpsc};
use std::thread;

use oci::{BlobError, BlobSource, Descriptor, Manifest, MediaType};
use store::{Growing, MediaTypes, Sealed};

use super::CacheTarget;
use super::content::{CacheContent, LayerPlace};
use super::document::{CachedLayer, CachedRecord, Document, MEDIA_TYPE};
use super::place::{self, Place};
use super::send::{self, Sender};
use crate::{Environment, Error, StepId, parallel};

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheExported {
    /// Records that the cache has now.
    pub records: usize,
    /// Its layers.
    pub layers: usize,
    /// Those of them that had to be sent …
    pub sent: u64,
    /// … and their bytes.
    pub sent_bytes: u64,
}

/// Sends what a build did to a cache: only layers that it does not have, and several at once. Events are those of `step`.
///
/// # Errors
/// [`Error::CacheExport`] if it cannot be written in time; [`Error::Cancelled`].
pub fn export_cache(
    content: &CacheContent,
    target: &CacheTarget,
    step: StepId,
    environment: &Environment<'_>,
) -> Result<CacheExported, Error> {
    let exported = send::within(target.timeout, step, environment, |sender, client| {
        let place = place::open(&target.place, client)?;
        let export = Export {
            content,
            target,
            environment,
            sender,
        };
        export.run(&*place)
    });
    exported.map_err(|source| target.failed(source, environment))
}

struct Export<'e> {
    content: &'e CacheContent,
    target: &'e CacheTarget,
    environment: &'e Environment<'e>,
    sender: &'e Sender<'e>,
}

impl Export<'_> {
    fn run(&self, place: &dyn Place) -> Result<CacheExported, BlobError> {
        let layers = self.layers(place)?;
        let records = self.records();
        let used: Vec<CachedLayer> = layers.iter().flatten().cloned().collect();
        let document = Document::new(used, renumbered(records, &layers));
        let bytes = document.to_bytes();
        let config = Descriptor::of(MediaType::from(MEDIA_TYPE), &bytes);
        self.sender.send(place, &config, &|| {
            Ok(Box::new(io::Cursor::new(bytes.clone())))
        })?;
        let mut blobs: Vec<Descriptor> = Vec::with_capacity(document.layers.len());
        for layer in &document.layers {
            if blobs.iter().all(|blob| blob.digest != layer.blob.digest) {
                blobs.push(layer.blob.clone());
            }
        }
        let mut manifest = Manifest::new(config, blobs);
        let media_type = match self.target.media_types {
            MediaTypes::Oci | MediaTypes::Kept => MediaType::OciManifest,
            MediaTypes::Docker => MediaType::DockerManifest,
        };
        manifest.media_type = Some(media_type.clone());
        self.sender.going_on()?;
        place.set_head(&media_type, &manifest.to_bytes())?;
        Ok(CacheExported {
            records: document.records.len(),
            layers: document.layers.len(),
            ..self.sender.sent()
        })
    }

    fn records(&self) -> impl Iterator<Item = &CachedRecord> {
        let records = self.content.records.iter();
        let wanted = records.filter(|(mode, _)| *mode <= self.target.mode);
        wanted.map(|(_, record)| record)
    }

    /// Sends the layers, each compressed as it is to be; `None` for those that the mode leaves out.
    fn layers(&self, place: &dyn Place) -> Result<Vec<Option<CachedLayer>>, BlobError> {
        let content = &self.content.layers;
        let layers = Mutex::new(vec![None; content.len()]);
        parallel::each(
            content.len(),
            || (),
            |(), at| -> Result<(), BlobError> {
                if content[at].mode > self.target.mode {
                    return Ok(());
                }
                let layer = self.layer(place, &content[at].at);
                let layer = layer.map_err(|error| self.sender.fail(error))?;
                layers.lock().expect("no thread panics with it")[at] = Some(layer);
                Ok(())
            },
        )?;
        Ok(layers.into_inner().expect("no thread panics with it"))
    }

    /// A layer as a blob, which is made now unless it was before; that ends when the export does.
    fn compressed(&self, layer: &Sealed) -> Result<Descriptor, BlobError> {
        let (sender, receiver) = mpsc::channel();
        let compress = move || {
            let begun = |growing: Growing| drop(sender.send(growing));
            let store = self.environment.store;
            store.layer_blob(layer, &self.target.recompress, &begun)
        };
        let made = thread::scope(|scope| {
            let compressing = scope.spawn(compress);
            if let Ok(growing) = receiver.recv() {
                growing.wait_for_end(self.sender.ended());
            }
            compressing.join().expect("compressing does not panic")
        });
        made.map_err(|error| BlobError::Source(error.into()))
    }

    fn layer(&self, place: &dyn Place, at: &LayerPlace) -> Result<CachedLayer, BlobError> {
        self.sender.going_on()?;
        let store = self.environment.store;
        match at {
            LayerPlace::Here(sealed) => {
                let mut blob = self.compressed(sealed)?;
                if self.target.media_types == MediaTypes::Docker {
                    blob.media_type = blob.media_type.in_docker();
                }
                let diff_id = sealed.diff_id.clone();
                let failed = |error: store::Error| BlobError::Source(error.into());
                let mut known = store.layer(&diff_id).map_err(failed)?.unwrap_or_default();
                let from = known.places.remove(&blob.digest).unwrap_or_default();
                let open = || store.open(&blob);
                self.sender.send_or_mount(place, &blob, &from, &open)?;
                if let Some(repository) = place.repository() {
                    let noted = store.note_place(&diff_id, &blob.digest, &repository);
                    noted.map_err(failed)?;
                }
                Ok(CachedLayer { diff_id, blob })
            }
            LayerPlace::There(layer, source) => {
                let blob = &layer.blob;
                let open = || match store.has_blob(&blob.digest) {
                    Ok(true) => store.open(blob),
                    _ => source.open(blob),
                };
                let from: Vec<String> = source.repository().into_iter().collect();
                self.sender.send_or_mount(place, blob, &from, &open)?;
                Ok(CachedLayer::clone(layer))
            }
        }
    }
}

/// Records with the places of their layers among those that were sent.
fn renumbered<'r>(
    records: impl Iterator<Item = &'r CachedRecord>,
    layers: &[Option<CachedLayer>],
) -> Vec<CachedRecord> {
    let mut places = Vec::with_capacity(layers.len());
    let mut count = 0;
    for layer in layers {
        places.push(layer.as_ref().map(|_| count));
        count += usize::from(layer.is_some());
    }
    let renumbered = records.filter_map(|record| {
        let layer = places[record.layer]?;
        Some(CachedRecord {
            layer,
            ..record.clone()
        })
    });
    renumbered.collect()
}
