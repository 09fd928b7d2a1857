//! A cache in a bucket: blobs and manifests as objects, under the prefixes of BuildKit's backend.

use std::io::{self, Read};

use oci::{
    BlobError, BlobSource, Descriptor, Digest, MAX_DOCUMENT_SIZE, MediaType, VerifiedReader,
    read_blob,
};
use registry::Bucket;

use super::{BucketPlace, Content, Place};

/// The cache in a bucket.
pub(super) struct CacheBucket {
    bucket: Bucket,
    place: BucketPlace,
}

impl CacheBucket {
    pub(super) fn new(bucket: Bucket, place: BucketPlace) -> Self {
        Self { bucket, place }
    }

    fn blob(&self, digest: &Digest) -> String {
        let BucketPlace { prefix, blobs, .. } = &self.place;
        format!("{prefix}{blobs}{digest}")
    }

    fn manifest_named(&self, name: &str) -> String {
        let place = &self.place;
        format!("{}{}{name}", place.prefix, place.manifests)
    }
}

fn failed(error: registry::Error) -> BlobError {
    BlobError::Source(error.into())
}

impl BlobSource for CacheBucket {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let found = self
            .bucket
            .get(&self.blob(&descriptor.digest))
            .map_err(failed)?;
        match found {
            Some(content) => Ok(Box::new(VerifiedReader::new(content, descriptor))),
            None => Err(BlobError::NotFound {
                digest: descriptor.digest.clone(),
            }),
        }
    }
}

impl Place for CacheBucket {
    fn head(&self) -> Result<Option<Vec<u8>>, BlobError> {
        for name in &self.place.names {
            let found = self
                .bucket
                .get(&self.manifest_named(name))
                .map_err(failed)?;
            let Some(content) = found else { continue };
            let mut bytes = Vec::new();
            let mut limited = content.take(MAX_DOCUMENT_SIZE + 1);
            let read = limited.read_to_end(&mut bytes);
            read.map_err(|error| BlobError::Source(error.into()))?;
            return Ok(Some(bytes));
        }
        Ok(None)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, BlobError> {
        read_blob(self, descriptor)
    }

    fn holds(&self, blob: &Descriptor) -> Result<bool, BlobError> {
        let length = self.bucket.length(&self.blob(&blob.digest));
        Ok(length.map_err(failed)? == Some(blob.size))
    }

    fn send(&self, blob: &Descriptor, content: Content<'_>) -> Result<(), BlobError> {
        let verified = || -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(VerifiedReader::new(content()?, blob)))
        };
        let object = self.blob(&blob.digest);
        self.bucket
            .put(&object, blob.size, &verified)
            .map_err(failed)
    }

    fn set_head(&self, _media_type: &MediaType, manifest: &[u8]) -> Result<(), BlobError> {
        let bytes = manifest.to_vec();
        for name in &self.place.names {
            let content = || -> io::Result<Box<dyn Read + Send>> {
                Ok(Box::new(io::Cursor::new(bytes.clone())))
            };
            let object = self.manifest_named(name);
            self.bucket
                .put(&object, manifest.len() as u64, &content)
                .map_err(failed)?;
        }
        Ok(())
    }
}
