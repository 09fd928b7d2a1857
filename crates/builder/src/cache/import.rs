//! `--cache-from`: what other machines know of steps.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use oci::{
    BlobError, Compression, Descriptor, DiffId, Document as Root, ImageConfig, Manifest, MediaType,
    read_blob,
};
use store::{Ground, SnapshotId};

use super::document::{CachedLayer, CachedRecord, Damage, Document, INLINE, MAX_SIZE, MEDIA_TYPE};
use super::place::{self, Place};
use super::{CacheOptions, CacheSource};
use crate::key::Key;
use crate::record::Record;
use crate::schedule::Made;
use crate::{Environment, Event};

/// An image with inline records may be one for many platforms; more than these are not looked at.
const PLATFORMS_AT_MOST: usize = 32;

/// What the caches of other machines know. They are read when they are first asked, once in a build.
pub(crate) struct Importer<'a> {
    options: &'a CacheOptions,
    pub(super) environment: &'a Environment<'a>,
    loaded: OnceLock<Vec<Loaded>>,
    pub(super) found: Mutex<Found>,
    /// Snapshots that are known to be here; who restores some holds it.
    pub(super) restored: Mutex<HashSet<SnapshotId>>,
    /// What stays in caches though an image has it.
    left: Mutex<HashSet<SnapshotId>>,
    /// Whether a cache was given up since that was last asked.
    pub(super) gave_up: AtomicBool,
}

/// A cache that was read.
pub(super) struct Loaded {
    pub(super) name: Arc<str>,
    pub(super) place: Arc<dyn Place>,
    document: Document,
    by_key: HashMap<Key, usize>,
    /// Set when something in it turned out to be wrong.
    pub(super) broken: AtomicBool,
}

/// What was found in caches, and used.
#[derive(Default)]
pub(super) struct Found {
    /// The layers of snapshots that may not be here.
    pub(super) layers: HashMap<SnapshotId, Distant>,
    /// Records by the definition keys of this build's steps.
    pub(super) records: HashMap<Key, Record>,
}

/// A layer in a cache.
#[derive(Clone)]
pub(super) struct Distant {
    pub(super) layer: CachedLayer,
    pub(super) ground: Ground,
    /// What its snapshot is to remember of its times.
    pub(super) coarse: bool,
    /// The place among the caches that were read.
    pub(super) cache: usize,
}

/// What a step is asked for with.
#[derive(Clone, Copy)]
pub(crate) struct Question<'q> {
    /// The definition key, or the content key.
    pub(crate) key: Key,
    /// What the step lies on.
    pub(crate) below: &'q Made,
    /// Whether its layer is made on nothing, whatever it lies on.
    pub(crate) linked: bool,
    /// Whether times of files count to the fraction of a second.
    pub(crate) exact: bool,
}

impl<'a> Importer<'a> {
    /// An importer that has not asked anybody yet.
    pub(crate) fn new(options: &'a CacheOptions, environment: &'a Environment<'a>) -> Self {
        Self {
            options,
            environment,
            loaded: OnceLock::new(),
            found: Mutex::default(),
            restored: Mutex::default(),
            left: Mutex::default(),
            gave_up: AtomicBool::new(false),
        }
    }

    /// Whether a cache has a record of the key, on whatever it may hold.
    pub(crate) fn knows(&self, key: Key) -> bool {
        self.usable()
            .any(|(_, cache)| cache.by_key.contains_key(&key))
    }

    /// The first record of the key that holds on what is below. Nothing is fetched for it.
    pub(crate) fn record(&self, question: Question<'_>) -> Option<Record> {
        let found = self.usable().find_map(|(number, cache)| {
            let record = cache.record(question.key)?;
            if question.exact && record.coarse {
                return None;
            }
            let fits = question.linked || record.below.as_ref() == question.below.stack.last();
            fits.then_some((number, cache, record))
        });
        let (number, cache, record) = found?;
        let layer = &cache.document.layers[record.layer];
        let (ground, on) = match question.linked {
            true => (Ground::Nothing, &[][..]),
            false => (Ground::Below, question.below.stack.as_slice()),
        };
        let snapshot = SnapshotId::of_layer_on(on, &layer.diff_id);
        let distant = Distant {
            layer: layer.clone(),
            ground,
            coarse: record.coarse,
            cache: number,
        };
        let mut found = self.found.lock().expect("no thread panics with it");
        found.layers.insert(snapshot.clone(), distant);
        Some(Record {
            snapshot,
            below: question.below.stack.last().cloned(),
            created: record.created(),
            notices: record.notices.clone(),
            files: record.files,
            from: Some(Arc::clone(&cache.name)),
        })
    }

    /// Keeps that a step's result came from a cache, under its definition key.
    pub(crate) fn used(&self, key: Key, record: &Record) {
        let mut found = self.found.lock().expect("no thread panics with it");
        found.records.insert(key, record.clone());
    }

    /// Whether the caches were asked already.
    pub(crate) fn was_asked(&self) -> bool {
        self.loaded.get().is_some()
    }

    /// Keeps what was used and is here now, so that the next build asks nobody.
    pub(crate) fn keep(&self) {
        let store = self.environment.store;
        let found = self.found.lock().expect("no thread panics with it");
        for (key, record) in &found.records {
            if matches!(store.snapshot(&record.snapshot), Ok(Some(_))) {
                // What cannot be kept is asked for again.
                let _ = record.write(store, &[*key]);
            }
        }
    }

    /// Forgets everything that came from caches that were given up since this was last asked; whether there are any.
    pub(crate) fn begin_again(&self) -> bool {
        if !self.gave_up.swap(false, Ordering::Relaxed) {
            return false;
        }
        *self.found.lock().expect("no thread panics with it") = Found::default();
        self.left.lock().expect("no thread panics with it").clear();
        true
    }

    /// Whether a snapshot that is in a cache has times of whole seconds; `None` for one that is in none.
    pub(crate) fn is_coarse(&self, snapshot: &SnapshotId) -> Option<bool> {
        let found = self.found.lock().expect("no thread panics with it");
        found.layers.get(snapshot).map(|distant| distant.coarse)
    }

    /// The layer of a snapshot, and where it is.
    pub(super) fn layer_of(&self, snapshot: &SnapshotId) -> Option<(CachedLayer, Arc<dyn Place>)> {
        let found = self.found.lock().expect("no thread panics with it");
        let distant = found.layers.get(snapshot)?;
        let cache = &self.loaded()[distant.cache];
        Some((distant.layer.clone(), Arc::clone(&cache.place)))
    }

    /// Leaves a layer in its cache, as far as it is in one, not here, and compressed so; whether that was done.
    pub(crate) fn leave(&self, snapshot: &SnapshotId, compression: Compression) -> bool {
        if matches!(self.environment.store.snapshot(snapshot), Ok(Some(_))) {
            return false;
        }
        let layer = self.layer_of(snapshot).map(|(layer, _)| layer);
        let alike =
            |layer: CachedLayer| layer.blob.media_type.layer_compression() == Some(compression);
        if !layer.is_some_and(alike) {
            return false;
        }
        let mut left = self.left.lock().expect("no thread panics with it");
        left.insert(snapshot.clone());
        true
    }

    /// The blob and the diff ID of a layer that was left in its cache, which is that place.
    pub(crate) fn left(
        &self,
        snapshot: &SnapshotId,
    ) -> Option<(Descriptor, DiffId, Arc<dyn Place>)> {
        let left = self.left.lock().expect("no thread panics with it");
        let (layer, place) = { left.get(snapshot) }.and_then(|id| self.layer_of(id))?;
        Some((layer.blob, layer.diff_id, place))
    }

    fn usable(&self) -> impl Iterator<Item = (usize, &Loaded)> {
        let caches = self.loaded().iter().enumerate();
        caches.filter(|(_, cache)| !cache.broken.load(Ordering::Relaxed))
    }

    pub(super) fn loaded(&self) -> &[Loaded] {
        self.loaded.get_or_init(|| {
            let caches = &self.options.from;
            std::thread::scope(|scope| {
                let threads = caches
                    .iter()
                    .map(|source| scope.spawn(move || self.load(source)));
                let threads: Vec<_> = threads.collect();
                let loaded = threads
                    .into_iter()
                    .map(|thread| thread.join().expect("reading a cache does not panic"));
                loaded.flatten().collect()
            })
        })
    }

    /// Reads a cache. One that is not there, or is none, is told and left out.
    fn load(&self, source: &CacheSource) -> Vec<Loaded> {
        let place = match place::open(&source.place, self.environment.registry) {
            Ok(place) => place,
            Err(error) => return self.left_out(source, &error),
        };
        match documents(&*place) {
            Ok(documents) => documents
                .into_iter()
                .map(|document| Loaded::new(source, Arc::clone(&place), document))
                .collect(),
            Err(error) => self.left_out(source, &error),
        }
    }

    fn left_out(&self, source: &CacheSource, error: &BlobError) -> Vec<Loaded> {
        if !self.environment.cancel.load(Ordering::Relaxed) {
            self.tell(&source.name, &crate::base::told(error));
        }
        Vec::new()
    }

    pub(super) fn tell(&self, cache: &str, reason: &str) {
        (self.environment.events)(Event::CacheUnused {
            cache: cache.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

impl Loaded {
    fn new(source: &CacheSource, place: Arc<dyn Place>, document: Document) -> Self {
        let mut by_key = HashMap::new();
        for (at, record) in document.records.iter().enumerate() {
            for key in [Some(record.key), record.content].into_iter().flatten() {
                by_key.entry(key).or_insert(at);
            }
        }
        Self {
            name: source.name.as_str().into(),
            place,
            document,
            by_key,
            broken: AtomicBool::new(false),
        }
    }

    fn record(&self, key: Key) -> Option<&CachedRecord> {
        self.by_key.get(&key).map(|at| &self.document.records[*at])
    }
}

/// The documents of a cache: the one that its manifest names, or those in the configurations of images.
fn documents(place: &dyn Place) -> Result<Vec<Document>, BlobError> {
    let damaged = |damage: Damage| BlobError::Source(damage.into());
    let invalid = |error: oci::Error| BlobError::Source(error.into());
    let head = place.head()?;
    let head = head.ok_or_else(|| BlobError::Source("there is no such cache".into()))?;
    let manifests = match Root::parse(&head).map_err(invalid)? {
        Root::Manifest(manifest) => vec![manifest],
        Root::Index(index) => index
            .manifests
            .iter()
            .filter(|entry| entry.platform.as_ref().is_none_or(|p| p.os != "unknown"))
            .take(PLATFORMS_AT_MOST)
            .map(|entry| Manifest::parse(&place.manifest(entry)?).map_err(invalid))
            .collect::<Result<_, _>>()?,
    };
    let mut documents = Vec::new();
    for manifest in &manifests {
        documents.extend(document(place, manifest)?);
    }
    match documents.is_empty() {
        true => Err(damaged(Damage::Foreign)),
        false => Ok(documents),
    }
}

/// The document of a manifest; `None` if it has nothing to do with caches.
fn document(place: &dyn Place, manifest: &Manifest) -> Result<Option<Document>, BlobError> {
    let damaged = |damage: Damage| BlobError::Source(damage.into());
    if manifest.config.media_type == MediaType::from(MEDIA_TYPE) {
        let bytes = read_bounded(place, &manifest.config)?;
        return Document::parse(&bytes).map(Some).map_err(damaged);
    }
    if !manifest.config.media_type.is_config() {
        return Ok(None);
    }
    let config = read_blob(place, &manifest.config)?;
    let config = ImageConfig::parse(&config).map_err(|error| BlobError::Source(error.into()))?;
    let Some(member) = config.extra.get(INLINE) else {
        return Ok(None);
    };
    let layers = std::iter::zip(config.rootfs.diff_ids, manifest.layers.iter().cloned());
    let layers = layers.map(|(diff_id, blob)| CachedLayer { diff_id, blob });
    let document = Document::of_image(member, layers.collect());
    document.map(Some).map_err(damaged)
}

/// Reads a whole document of a cache.
fn read_bounded(place: &dyn Place, descriptor: &Descriptor) -> Result<Vec<u8>, BlobError> {
    if descriptor.size > MAX_SIZE {
        return Err(BlobError::Source(Damage::Size.into()));
    }
    let digest = &descriptor.digest;
    let reader = oci::VerifiedReader::new(place.open(descriptor)?, descriptor);
    let mut bytes = Vec::new();
    reader
        .take(MAX_SIZE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| BlobError::failed("read", digest, error))?;
    Ok(bytes)
}
