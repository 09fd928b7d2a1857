//! Base images: found in the store, or at a registry.

mod layout;

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use oci::{
    BlobError, BlobSource, ChainId, Descriptor, Document, ImageConfig, Manifest, Platform,
    Reference,
};
use registry::{Repository, Resolved};
use store::{ImageLayer, SnapshotId, Store};

pub use layout::OciLayout;

use crate::plan::Bases;
use crate::{Environment, Error, Event, StepId};

/// An image that a stage stands on.
#[derive(Clone, Debug)]
pub struct BaseImage {
    /// Its name as people write it.
    pub name: String,
    /// What it was resolved from: its name in the store, if it is to have one.
    pub reference: Option<Reference>,
    /// Its config.
    pub config: ImageConfig,
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's descriptor.
    pub descriptor: Descriptor,
    /// What the name leads to: the manifest itself, or the index that lists it. The name stays that of the index, so that
    /// the images of several platforms are in the store by one name.
    pub root: Descriptor,
}

impl BaseImage {
    /// Identifies the image's file system.
    pub(crate) fn chain_id(&self) -> String {
        ChainId::of(&self.config.rootfs.diff_ids).map_or_else(String::new, |id| id.to_string())
    }

    /// The snapshots of its layers, the lowest first; they may not be there yet.
    pub(crate) fn snapshots(&self) -> Vec<SnapshotId> {
        let ids = &self.config.rootfs.diff_ids;
        (1..=ids.len())
            .filter_map(|end| ChainId::of(&ids[..end]))
            .map(|id| SnapshotId::of_chain(&id))
            .collect()
    }
}

/// Base images as the store and the registry have them.
pub(crate) struct WorldBases<'a> {
    environment: &'a Environment<'a>,
    pull: bool,
    resolved: Slots<(String, String), Result<Arc<BaseImage>, Error>>,
    /// What the registry said, so that all platforms are of one index, though the tag may move meanwhile.
    found: Slots<String, Resolved>,
}

/// Things that are found out once, by one thread each. The others wait for that thread, not for all.
type Slots<K, T> = Mutex<HashMap<K, Slot<T>>>;

/// One of them; whoever finds it out holds it.
type Slot<T> = Arc<Mutex<Option<T>>>;

/// So many images are asked for at once.
const ASKED_AT_ONCE: usize = 8;

impl<'a> WorldBases<'a> {
    /// Base images for a build; with `pull` the registry is asked first.
    pub(crate) fn new(environment: &'a Environment<'a>, pull: bool) -> Self {
        Self {
            environment,
            pull,
            resolved: Mutex::default(),
            found: Mutex::default(),
        }
    }
}

impl Bases for WorldBases<'_> {
    fn resolve(&self, reference: &Reference, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        let slot = self.slot(reference, platform);
        let mut slot = slot.lock().expect("no thread panics with it");
        match slot.take() {
            Some(Err(foreseen)) => Err(foreseen),
            known => {
                let image = known.unwrap_or_else(|| self.find(reference, platform))?;
                *slot = Some(Ok(Arc::clone(&image)));
                Ok(image)
            }
        }
    }

    fn foresee(&self, images: &[(Reference, Platform)]) {
        for part in images.chunks(ASKED_AT_ONCE) {
            std::thread::scope(|scope| {
                for (reference, platform) in part {
                    let look = move || {
                        let slot = self.slot(reference, platform);
                        let mut slot = slot.lock().expect("no thread panics with it");
                        slot.get_or_insert_with(|| self.find(reference, platform));
                    };
                    // Nobody else has to be waited for where the store knows.
                    match self.environment.store.tagged(reference) {
                        Ok(Some(_)) if !self.pull => {}
                        _ => drop(scope.spawn(look)),
                    }
                }
            });
        }
    }

    fn layout(&self, layout: &OciLayout, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        layout.load(platform, self.environment.store).map(Arc::new)
    }

    fn built(
        &self,
        name: &str,
        root: &Descriptor,
        platform: &Platform,
    ) -> Result<Arc<BaseImage>, Error> {
        let store = self.environment.store;
        let image = store.image_for(root, platform)?;
        Ok(Arc::new(BaseImage {
            name: name.to_owned(),
            reference: None,
            config: store.config(&image.config)?,
            manifest: store.manifest(&image.manifest)?,
            descriptor: image.manifest,
            root: root.clone(),
        }))
    }
}

impl WorldBases<'_> {
    fn slot(
        &self,
        reference: &Reference,
        platform: &Platform,
    ) -> Slot<Result<Arc<BaseImage>, Error>> {
        let key = (reference.to_string(), platform.to_string());
        let mut resolved = self.resolved.lock().expect("no thread panics with it");
        Arc::clone(resolved.entry(key).or_default())
    }

    /// The image from the store or a registry.
    fn find(&self, reference: &Reference, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        match self.in_store(reference, platform)? {
            Stored::Image(image) if !self.pull => Ok(Arc::new(*image)),
            stored => self
                .at_registry(reference, platform)
                .map(Arc::new)
                .map_err(|error| stored.explain(error)),
        }
    }

    /// The image as the store has it.
    fn in_store(&self, reference: &Reference, platform: &Platform) -> Result<Stored, Error> {
        let store = self.environment.store;
        if store.tagged(reference)?.is_none() && reference.digest().is_none() {
            return Ok(Stored::Nothing);
        }
        let name = reference.to_string();
        let image = match store.resolve_for(&name, platform) {
            Ok(image) => image,
            Err(error) if is_lost(&error) => return Ok(Stored::Nothing),
            Err(error @ store::Error::NoSuchPlatform { .. }) => {
                return Ok(Stored::OtherPlatforms(error.to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        let documents = || -> Result<_, store::Error> {
            let manifest = store.manifest(&image.manifest)?;
            Ok((store.config(&image.config)?, manifest))
        };
        let (config, manifest) = match documents() {
            Err(error) if is_lost(&error) => return Ok(Stored::Nothing),
            documents => documents?,
        };
        Ok(Stored::Image(Box::new(BaseImage {
            name: reference.familiar(),
            reference: Some(reference.clone()),
            config,
            manifest,
            descriptor: image.manifest,
            root: store.resolve_root(&name)?,
        })))
    }

    /// The image as the registry has it: its manifest and config are fetched, its layers are not.
    fn at_registry(&self, reference: &Reference, platform: &Platform) -> Result<BaseImage, Error> {
        let store = self.environment.store;
        let resolved = |source: registry::Error| Error::Base {
            name: reference.familiar(),
            reason: told(&source),
            not_found: source.is_not_found(),
        };
        let repository = self
            .environment
            .registry
            .repository(reference)
            .map_err(resolved)?;
        let found = self.found(reference, &repository).map_err(resolved)?;
        let image = repository.image(&found, platform).map_err(resolved)?;
        let mut config = repository.blob(&image.manifest.config).map_err(resolved)?;
        store.put_blob(&image.manifest.config, &mut config)?;
        store.put_blob(&image.descriptor, &mut image.bytes.as_slice())?;
        store.put_blob(&found.descriptor, &mut found.bytes.as_slice())?;
        Ok(BaseImage {
            name: reference.familiar(),
            reference: Some(reference.clone()),
            config: store.config(&image.manifest.config)?,
            manifest: image.manifest,
            root: match &found.document {
                // One that lists it only by way of another index would not lead to it in the store.
                Document::Index(index)
                    if index
                        .manifests
                        .iter()
                        .any(|listed| listed.digest == image.descriptor.digest) =>
                {
                    found.descriptor
                }
                _ => image.descriptor.clone(),
            },
            descriptor: image.descriptor,
        })
    }

    /// The manifest or index that a reference names, asked for once.
    fn found(
        &self,
        reference: &Reference,
        repository: &Repository,
    ) -> Result<Resolved, registry::Error> {
        let slot = {
            let mut found = self.found.lock().expect("no thread panics with it");
            Arc::clone(found.entry(reference.to_string()).or_default())
        };
        let mut slot = slot.lock().expect("no thread panics with it");
        if let Some(known) = &*slot {
            return Ok(known.clone());
        }
        let resolved = repository.resolve()?;
        *slot = Some(resolved.clone());
        Ok(resolved)
    }
}

/// Whether it is as if the store had never had it: documents may be lost with the power.
fn is_lost(error: &store::Error) -> bool {
    use store::Error::{Document, NoSuchBlob, NoSuchImage, ReadBlob};
    matches!(
        error,
        NoSuchImage { .. } | NoSuchBlob { .. } | ReadBlob { .. } | Document { .. }
    )
}

/// What the store has of a base image.
enum Stored {
    /// The image.
    Image(Box<BaseImage>),
    /// The name, but for none of the platforms that would do.
    OtherPlatforms(String),
    /// Nothing.
    Nothing,
}

impl Stored {
    /// Adds to the registry's refusal what is here: a name that was built here may be unknown there.
    fn explain(self, error: Error) -> Error {
        match (self, error) {
            (
                Self::OtherPlatforms(stored),
                Error::Base {
                    name,
                    reason,
                    not_found,
                },
            ) => Error::Base {
                name,
                reason: format!("{stored}, and the registry does not help: {reason}"),
                not_found,
            },
            (_, error) => error,
        }
    }
}

/// An error with all its causes on one line, each said once.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) {
            text.push_str(&format!(": {words}"));
        }
        cause = source.source();
    }
    text
}

impl BaseImage {
    /// Whether all its layers are there to be mounted.
    pub(crate) fn is_unpacked(&self, store: &Store) -> bool {
        self.snapshots()
            .iter()
            .all(|id| matches!(store.snapshot(id), Ok(Some(_))))
    }

    /// Whether its layers may stay where they are while an image that is made on it is pushed: they can be fetched from there
    /// then, and nothing is done to them.
    pub(crate) fn may_stay(&self, store: &Store) -> bool {
        let plain =
            |blob: &Descriptor| blob.media_type.layer_compression() == Some(oci::Compression::None);
        self.reference.is_some()
            && !self.manifest.layers.iter().any(plain)
            && !self.is_unpacked(store)
    }

    /// Unpacks the layers that are not there, fetching those that the store does not have; then the
    /// store has the image by its name.
    pub(crate) fn unpack(&self, environment: &Environment<'_>, step: StepId) -> Result<(), Error> {
        let store = environment.store;
        let layers: Vec<ImageLayer> = std::iter::zip(
            self.config.rootfs.diff_ids.iter().cloned(),
            self.manifest.layers.iter().cloned(),
        )
        .map(|(diff_id, blob)| ImageLayer { diff_id, blob })
        .collect();
        let proceed = |blob: &Descriptor, done: u64| {
            (environment.events)(Event::Progress {
                step,
                what: blob.digest.hex().chars().take(12).collect(),
                done,
                total: Some(blob.size),
            });
            !environment.cancel.load(Ordering::Relaxed)
        };
        let origin = Origin {
            client: environment.registry,
            reference: self.reference.as_ref(),
            store,
            layers: &layers,
        };
        match store.unpack_layers(&layers, &origin, &proceed) {
            Ok(_) => {}
            Err(store::Error::Stopped) => return Err(Error::Cancelled),
            Err(source) => {
                return Err(Error::Pull {
                    name: self.name.clone(),
                    source,
                });
            }
        }
        self.keep(store)
    }

    /// Makes the image one of the store's, by its name.
    fn keep(&self, store: &Store) -> Result<(), Error> {
        if store.image(&self.descriptor.digest)?.is_none() {
            let platform = Some(self.config.platform());
            store.add_image(&Descriptor {
                platform,
                ..self.descriptor.clone()
            })?;
        }
        let Some(reference) = &self.reference else {
            return Ok(());
        };
        if store
            .tagged(reference)?
            .is_none_or(|d| d.digest != self.root.digest)
        {
            store.tag(reference, &self.root)?;
        }
        store.note_published(reference, &self.root, &self.root.digest)?;
        Ok(())
    }
}

/// Pulls an image: its layers are fetched and unpacked, and the store has it by its name.
///
/// Events are those of one step, number 0.
///
/// # Errors
/// [`Error::Base`] if there is no such image or it cannot be resolved, [`Error::Pull`] if a layer
/// cannot be fetched or unpacked, [`Error::Cancelled`].
pub fn pull_image(
    reference: &Reference,
    platform: &Platform,
    environment: &Environment<'_>,
) -> Result<store::Image, Error> {
    let base = WorldBases::new(environment, true).at_registry(reference, platform)?;
    let step = StepId(0);
    (environment.events)(Event::Started(step));
    base.unpack(environment, step)?;
    (environment.events)(Event::Finished(step));
    let image = environment.store.image(&base.descriptor.digest)?;
    Ok(image.expect("it was added when its layers were there"))
}

/// The registry that an image is from, asked only for what the store lacks.
struct Origin<'a> {
    client: &'a registry::Client,
    /// None for an image whose blobs were all taken into the store.
    reference: Option<&'a Reference>,
    /// Remembers where layers came from.
    store: &'a Store,
    layers: &'a [ImageLayer],
}

impl BlobSource for Origin<'_> {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.opened(descriptor, |repository| repository.open(descriptor))
    }

    fn open_at(
        &self,
        descriptor: &Descriptor,
        offset: u64,
    ) -> Result<Box<dyn Read + Send>, BlobError> {
        self.opened(descriptor, |repository| {
            repository.open_at(descriptor, offset)
        })
    }
}

impl Origin<'_> {
    /// Opens a blob, and notes where it is from.
    fn opened(
        &self,
        descriptor: &Descriptor,
        open: impl FnOnce(&Repository) -> Result<Box<dyn Read + Send>, BlobError>,
    ) -> Result<Box<dyn Read + Send>, BlobError> {
        let failed = |source: registry::Error| BlobError::Source(source.into());
        let reference = self.reference.ok_or_else(|| BlobError::NotFound {
            digest: descriptor.digest.clone(),
        })?;
        let repository = self.client.repository(reference).map_err(failed)?;
        let opened = open(&repository)?;
        let (registry, name) = repository.location();
        let place = format!("{registry}/{name}");
        let blob = &descriptor.digest;
        for layer in self.layers.iter().filter(|it| it.blob.digest == *blob) {
            let noted = self.store.note_place(&layer.diff_id, blob, &place);
            noted.map_err(|source| BlobError::failed("note the origin of", blob, source))?;
        }
        Ok(opened)
    }
}
