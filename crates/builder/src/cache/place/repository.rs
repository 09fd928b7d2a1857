//! A cache at a registry: a manifest under a name.

use std::io::Read;

use oci::{BlobError, BlobSource, Descriptor, MediaType};
use registry::Repository;

use super::{Content, Place};

/// The cache under a name.
pub(super) struct CacheRepository {
    repository: Repository,
}

impl CacheRepository {
    pub(super) fn new(repository: Repository) -> Self {
        Self { repository }
    }
}

fn failed(error: registry::Error) -> BlobError {
    BlobError::Source(error.into())
}

impl BlobSource for CacheRepository {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.repository.open(descriptor)
    }
}

impl Place for CacheRepository {
    fn head(&self) -> Result<Option<Vec<u8>>, BlobError> {
        match self.repository.resolve() {
            Ok(resolved) => Ok(Some(resolved.bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, BlobError> {
        let resolved = self.repository.manifest(descriptor).map_err(failed)?;
        Ok(resolved.bytes)
    }

    fn holds(&self, blob: &Descriptor) -> Result<bool, BlobError> {
        self.repository.has_blob(&blob.digest).map_err(failed)
    }

    fn send(&self, blob: &Descriptor, content: Content<'_>) -> Result<(), BlobError> {
        self.repository.upload_blob(blob, content).map_err(failed)
    }

    fn mount(&self, blob: &Descriptor, from: &[String]) -> Result<bool, BlobError> {
        let (registry, own) = self.repository.location();
        let beside = |place: &String| {
            let (host, name) = place.split_once('/')?;
            (host == registry && name != own).then(|| name.to_owned())
        };
        match from.iter().find_map(beside) {
            Some(name) => { self.repository.mount_blob(&blob.digest, &name) }.map_err(failed),
            None => Ok(false),
        }
    }

    fn repository(&self) -> Option<String> {
        let (registry, name) = self.repository.location();
        Some(format!("{registry}/{name}"))
    }

    fn set_head(&self, media_type: &MediaType, manifest: &[u8]) -> Result<(), BlobError> {
        let tag = self.repository.reference().tag().unwrap_or("latest");
        let put = self.repository.put_manifest(tag, media_type, manifest);
        put.map(drop).map_err(failed)
    }
}
