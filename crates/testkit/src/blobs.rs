use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oci::{BlobError, BlobSink, BlobSource, Descriptor, Digest, MediaType, VerifiedReader};

/// Blobs in memory. A clone has the same blobs.
#[derive(Clone, Debug, Default)]
pub struct Blobs {
    blobs: Arc<Mutex<BTreeMap<Digest, Arc<[u8]>>>>,
}

impl Blobs {
    /// Keeps `bytes`, and describes them.
    pub fn add(&self, media_type: MediaType, bytes: &[u8]) -> Descriptor {
        let descriptor = Descriptor::of(media_type, bytes);
        self.lock().insert(descriptor.digest.clone(), bytes.into());
        descriptor
    }

    /// A blob's bytes.
    pub fn get(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.lock().get(digest).cloned()
    }

    /// Takes a blob away.
    pub fn remove(&self, digest: &Digest) {
        self.lock().remove(digest);
    }

    /// Every blob's digest, sorted.
    pub fn digests(&self) -> Vec<Digest> {
        self.lock().keys().cloned().collect()
    }

    /// Keeps all that `other` has as well.
    pub fn extend(&self, other: &Self) {
        if !Arc::ptr_eq(&self.blobs, &other.blobs) {
            let others = other.lock().clone();
            self.lock().extend(others);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Arc<[u8]>>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobSource for Blobs {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        match self.get(&descriptor.digest) {
            Some(bytes) => Ok(Box::new(VerifiedReader::new(
                Cursor::new(bytes),
                descriptor,
            ))),
            None => Err(BlobError::NotFound {
                digest: descriptor.digest.clone(),
            }),
        }
    }
}

impl BlobSink for Blobs {
    fn has(&self, digest: &Digest) -> Result<bool, BlobError> {
        Ok(self.get(digest).is_some())
    }

    fn put(&self, descriptor: &Descriptor, content: &mut dyn Read) -> Result<(), BlobError> {
        let mut bytes = Vec::new();
        VerifiedReader::new(content, descriptor)
            .read_to_end(&mut bytes)
            .map_err(|source| BlobError::failed("read", &descriptor.digest, source))?;
        self.lock().insert(descriptor.digest.clone(), bytes.into());
        Ok(())
    }
}
