//! Where caches are: a folder, a registry, a bucket. Each is a source and a sink of blobs with one name for the whole.

mod bucket;
mod folder;
mod repository;

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use oci::{BlobError, BlobSource, Descriptor, Digest, MediaType, Reference};

use crate::Trust;

/// Where a cache is.
#[derive(Clone, Debug)]
pub enum CachePlace {
    /// An OCI image layout in a folder.
    Folder(FolderPlace),
    /// A name at a registry, and who may be that.
    Registry(Reference, Trust),
    /// Objects in a bucket.
    Bucket(BucketPlace),
}

/// A cache in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    /// The bucket, and who asks.
    pub address: registry::BucketAddress,
    /// What all names of objects begin with.
    pub prefix: String,
    /// What comes next for blobs …
    pub blobs: String,
    /// … and for manifests.
    pub manifests: String,
    /// The manifests: all of these are written, and the first that is there is read.
    pub names: Vec<String>,
}

/// A cache in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPlace {
    /// The folder.
    pub path: PathBuf,
    /// The name in its `index.json`.
    pub tag: String,
    /// The manifest to read, whatever its name.
    pub digest: Option<Digest>,
}

/// Opens what is to be sent, from its beginning: again, where a connection breaks.
pub(crate) type Content<'c> = &'c (dyn Fn() -> io::Result<Box<dyn Read + Send + 'c>> + Sync);

/// A place, as import and export see it.
pub(crate) trait Place: BlobSource + Send + Sync {
    /// The manifest or index that the place's name leads to; `None` if there is none.
    fn head(&self) -> Result<Option<Vec<u8>>, BlobError>;

    /// A manifest that an index lists.
    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, BlobError>;

    /// Whether a blob is there, and whole as far as that can be told without reading it.
    fn holds(&self, blob: &Descriptor) -> Result<bool, BlobError>;

    /// Takes a blob. Unless its content has the descriptor's size and digest, nothing is kept.
    fn send(&self, blob: &Descriptor, content: Content<'_>) -> Result<(), BlobError>;

    /// Takes a blob from one of these repositories (`registry/name`), without its content being sent; whether it did.
    fn mount(&self, _blob: &Descriptor, _from: &[String]) -> Result<bool, BlobError> {
        Ok(false)
    }

    /// The repository (`registry/name`) that it is, if it is one.
    fn repository(&self) -> Option<String> {
        None
    }

    /// Makes the name lead to a manifest, whose blobs are there.
    fn set_head(&self, media_type: &MediaType, manifest: &[u8]) -> Result<(), BlobError>;
}

/// A repository as a place of blobs.
pub(crate) fn at_repository(repository: registry::Repository) -> Arc<dyn Place> {
    Arc::new(repository::CacheRepository::new(repository))
}

/// Opens a place. Nothing is asked yet.
pub(super) fn open(
    place: &CachePlace,
    registry: &registry::Client,
) -> Result<Arc<dyn Place>, BlobError> {
    Ok(match place {
        CachePlace::Folder(folder) => Arc::new(folder::Folder::new(folder.clone())),
        CachePlace::Bucket(place) => {
            let bucket = registry::Bucket::new(registry.clone(), place.address.clone());
            Arc::new(bucket::CacheBucket::new(bucket, place.clone()))
        }
        CachePlace::Registry(reference, trust) => {
            let repository = registry.repository(reference);
            let repository = repository.map_err(|error| BlobError::Source(error.into()))?;
            at_repository(match trust {
                Trust::Configured => repository,
                Trust::Anyone => repository.into_insecure(),
            })
        }
    })
}
