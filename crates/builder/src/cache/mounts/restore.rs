//! Filling a new cache mount with what another machine had in it.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use oci::{BlobError, BlobSource, Descriptor, Manifest, MediaType, VerifiedReader, read_blob};
use std::io::{self, Read};
use store::{CacheMountId, MountIndex};

use super::{MEDIA_TYPE, MountsDocument, VERSION};
use crate::cache::CacheSource;
use crate::cache::document::MAX_SIZE;
use crate::cache::place::{self, Place};
use crate::{Environment, Event, Options};

/// What other machines had in cache mounts. Nobody is asked before a step makes one.
pub(crate) struct MountImporter<'a> {
    sources: &'a [CacheSource],
    environment: &'a Environment<'a>,
    loaded: OnceLock<Vec<Loaded>>,
}

struct Loaded {
    name: String,
    place: Arc<dyn Place>,
    document: MountsDocument,
}

impl<'a> MountImporter<'a> {
    pub(crate) fn new(options: &'a Options, environment: &'a Environment<'a>) -> Self {
        Self {
            sources: &options.cache.mounts_from,
            environment,
            loaded: OnceLock::new(),
        }
    }

    /// Fills the directory of a new cache mount; whether anything was known of it. What cannot be had is told, and the
    /// mount is empty then.
    pub(crate) fn restore(&self, id: &CacheMountId, directory: &Path) -> io::Result<bool> {
        for loaded in self.loaded() {
            let Some(entry) = loaded.document.entry(id) else {
                continue;
            };
            let source = Watched {
                place: &*loaded.place,
                cancel: &self.environment.registry.config().cancel,
            };
            let restored = read_index(&source, &entry.index)
                .map_err(|error| crate::base::told(&error))
                .and_then(|index| {
                    let restored = index.restore(&source, directory);
                    restored.map_err(|error| crate::base::told(&error))
                });
            match restored {
                Ok(()) => return Ok(true),
                Err(_) if self.environment.cancel.load(Ordering::Relaxed) => {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Err(reason) => self.tell(&loaded.name, &reason),
            }
            empty(directory)?;
        }
        Ok(false)
    }

    fn loaded(&self) -> &[Loaded] {
        self.loaded.get_or_init(|| {
            let load = |source: &CacheSource| {
                let loaded = place::open(&source.place, self.environment.registry)
                    .and_then(|place| Ok((document(&*place)?, place)));
                match loaded {
                    Ok((Some(document), place)) => Some(Loaded {
                        name: source.name.clone(),
                        place,
                        document,
                    }),
                    Ok((None, _)) => {
                        self.tell(&source.name, "there is no such cache");
                        None
                    }
                    Err(error) => {
                        self.tell(&source.name, &crate::base::told(&error));
                        None
                    }
                }
            };
            self.sources.iter().filter_map(load).collect()
        })
    }

    fn tell(&self, cache: &str, reason: &str) {
        (self.environment.events)(Event::CacheUnused {
            cache: cache.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

/// What a place has; `None` if it has nothing.
pub(super) fn document(place: &dyn Place) -> Result<Option<MountsDocument>, BlobError> {
    let Some(head) = place.head()? else {
        return Ok(None);
    };
    let none = || BlobError::Source("what is there are no cache mounts of carafe's".into());
    let manifest = Manifest::parse(&head).map_err(|error| BlobError::Source(error.into()))?;
    if manifest.config.media_type != MediaType::from(MEDIA_TYPE) {
        return Err(none());
    }
    let bytes = read_blob(place, &manifest.config)?;
    let document: MountsDocument = serde_json::from_slice(&bytes).map_err(|_| none())?;
    match document.version {
        VERSION => Ok(Some(document)),
        _ => Err(none()),
    }
}

/// The list of a mount's files.
pub(super) fn read_index(
    source: &dyn BlobSource,
    blob: &Descriptor,
) -> Result<MountIndex, BlobError> {
    let unusable = || BlobError::Source("its list of files is not one of carafe's".into());
    if blob.size > MAX_SIZE {
        return Err(unusable());
    }
    let mut bytes = Vec::new();
    VerifiedReader::new(source.open(blob)?, blob)
        .take(MAX_SIZE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| BlobError::failed("read", &blob.digest, error))?;
    MountIndex::parse(&bytes).ok_or_else(unusable)
}

/// Removes what was unpacked of something that is broken.
fn empty(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        match path.symlink_metadata()?.is_dir() {
            true => rootfs::remove_tree(&path).map_err(io::Error::other)?,
            false => std::fs::remove_file(&path)?,
        }
    }
    Ok(())
}

/// A place that stops when the build does.
struct Watched<'w> {
    place: &'w dyn Place,
    cancel: &'w Arc<std::sync::atomic::AtomicBool>,
}

impl BlobSource for Watched<'_> {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let content = self.place.open(descriptor)?;
        let cancel = Arc::clone(self.cancel);
        Ok(Box::new(Stopping { content, cancel }))
    }
}

struct Stopping {
    content: Box<dyn Read + Send>,
    cancel: Arc<std::sync::atomic::AtomicBool>,
}

impl Read for Stopping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(io::Error::other("stopped")),
            false => self.content.read(buffer),
        }
    }
}
