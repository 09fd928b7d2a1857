//! The build cache that crosses machines: `--cache-to` and `--cache-from`.
//!
//! A cache is one document that lists records: under the definition key and the content key of a step, the layer that it
//! made, what that lies on, and when it was made. The document is fetched once in a build, when the first step is not in
//! the store; after that every question is answered from memory. Layers are fetched when a step has to be executed on
//! them, or when the image needs them, and never for being known.
//!
//! Whoever may write a cache is trusted with what its layers hold, as with BuildKit's. Everything else is checked: digests
//! of blobs, diff IDs of layers, that a record's layer lies on what it was made on. A cache that turns out to be broken is
//! given up, and the build goes on without it.

mod content;
mod document;
mod export;
mod import;
mod inline;
mod mounts;
mod place;
mod restore;
mod send;

use std::sync::atomic::Ordering;
use std::time::Duration;

use oci::BlobError;
use store::{MediaTypes, Recompress};

use crate::{Environment, Error};

pub use content::CacheContent;
pub(crate) use content::Gathering;
pub use export::{CacheExported, export_cache};
pub(crate) use import::{Importer, Question};
pub(crate) use inline::note_in;
pub use mounts::export_cache_mounts;
pub(crate) use mounts::{MountImporter, mounts_of};
pub use place::{BucketPlace, CachePlace, FolderPlace};
pub(crate) use place::{Place, at_repository};

/// The caches of a build.
#[derive(Clone, Debug, Default)]
pub struct CacheOptions {
    /// `--cache-from`, in the order in which they are asked.
    pub from: Vec<CacheSource>,
    /// What `--cache-to` needs to know of the build; `None` if nothing is exported.
    pub keep: Option<CacheMode>,
    /// `--cache-to type=inline`: the image's configuration is to tell what its layers are.
    pub inline: bool,
    /// `--cache-mounts-from`: what new cache mounts are filled with.
    pub mounts_from: Vec<CacheSource>,
}

/// A cache to read.
#[derive(Clone, Debug)]
pub struct CacheSource {
    /// What messages call it.
    pub name: String,
    /// Where it is.
    pub place: CachePlace,
}

/// A cache to write.
#[derive(Clone, Debug)]
pub struct CacheTarget {
    /// What messages call it.
    pub name: String,
    /// Where it is.
    pub place: CachePlace,
    /// Which steps are in it.
    pub mode: CacheMode,
    /// How its layers are compressed.
    pub recompress: Recompress,
    /// Whose names its documents have.
    pub media_types: MediaTypes,
    /// Whether a build fails that cannot write it (`ignore-error=false`).
    pub failure: CacheFailure,
    /// After this time it is given up.
    pub timeout: Duration,
}

impl CacheTarget {
    /// What an export that did not come to its end is told as: if it was to stop, that is all.
    fn failed(&self, source: BlobError, environment: &Environment<'_>) -> Error {
        match environment.cancel.load(Ordering::Relaxed) {
            true => Error::Cancelled,
            false => Error::CacheExport {
                cache: self.name.clone(),
                source,
            },
        }
    }
}

/// Which steps a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheMode {
    /// Those whose layers are in the image.
    #[default]
    Min,
    /// All of them.
    Max,
}

/// What it means that a cache cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheFailure {
    /// A warning.
    #[default]
    Told,
    /// The build has failed.
    Fatal,
}
