//! Layers of images that are not here: they stay where they are known to be, and go from there to where the image is pushed.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use oci::{BlobError, Descriptor, Digest};

use crate::cache::Place;

/// Blobs that a build left where they are, and where that is.
#[derive(Clone, Default)]
pub struct LeftLayers(BTreeMap<Digest, Arc<dyn Place>>);

impl fmt::Debug for LeftLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl LeftLayers {
    /// Whether everything is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves a blob where it is.
    pub(crate) fn add(&mut self, digest: &Digest, place: Arc<dyn Place>) {
        self.0.entry(digest.clone()).or_insert(place);
    }

    /// Whether a blob was left.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    /// Opens a blob where it is; its content is checked.
    pub(crate) fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        match self.0.get(&blob.digest) {
            Some(place) => place.open(blob),
            None => Err(BlobError::NotFound {
                digest: blob.digest.clone(),
            }),
        }
    }

    /// The repository (`registry/name`) where a blob is, if it is in one.
    pub(crate) fn repository(&self, digest: &Digest) -> Option<String> {
        self.0.get(digest)?.repository()
    }
}
