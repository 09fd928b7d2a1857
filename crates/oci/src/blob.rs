//! How blobs flow: from a source, which may be a registry, a store or an archive, to a sink.

use std::error::Error as StdError;
use std::io::{self, Read};

use thiserror::Error as ThisError;

use crate::{Descriptor, Digest, Document, Error, MAX_DOCUMENT_SIZE, VerifiedReader};

/// Where blobs come from.
pub trait BlobSource {
    /// Opens a blob. The reader checks size and digest: whoever gets all bytes has the right ones
    /// (see [`VerifiedReader`]).
    ///
    /// # Errors
    /// When the blob is not there or cannot be opened.
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError>;

    /// Opens a blob of which the caller has the first bytes, from there on. What comes is not checked: only the caller sees all
    /// of it.
    ///
    /// A source that cannot begin in the middle is read from its beginning, for which this need not be implemented.
    ///
    /// # Errors
    /// As [`open`](BlobSource::open), and where the first bytes cannot be read.
    fn open_at(
        &self,
        descriptor: &Descriptor,
        offset: u64,
    ) -> Result<Box<dyn Read + Send>, BlobError> {
        let mut content = self.open(descriptor)?;
        io::copy(&mut content.by_ref().take(offset), &mut io::sink())
            .map_err(|source| BlobError::failed("read", &descriptor.digest, source))?;
        Ok(content)
    }
}

/// Where blobs go to.
pub trait BlobSink {
    /// Is the blob there already?
    ///
    /// # Errors
    /// When that cannot be found out.
    fn has(&self, digest: &Digest) -> Result<bool, BlobError>;

    /// Takes a blob. Unless `content` has the descriptor's size and digest, nothing is kept.
    ///
    /// # Errors
    /// When `content` cannot be read, is wrong, or cannot be kept.
    fn put(&self, descriptor: &Descriptor, content: &mut dyn Read) -> Result<(), BlobError>;
}

/// Why a blob did not flow.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum BlobError {
    /// The source does not have it.
    #[error("blob {digest} does not exist")]
    NotFound {
        /// The blob.
        digest: Digest,
    },
    /// The blob is a manifest, but not one that can be understood.
    #[error("blob {digest} is not a usable document")]
    Document {
        /// The blob.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        source: Error,
    },
    /// The source failed, and its own error names what was being done with which blob.
    #[error(transparent)]
    Source(Box<dyn StdError + Send + Sync>),
    /// The source or the sink failed; its own error says how.
    #[error("cannot {operation} blob {digest}")]
    Failed {
        /// What was being done: `open`, `read`, `write`, … .
        operation: &'static str,
        /// The blob.
        digest: Digest,
        /// The error of the source or the sink.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl BlobError {
    /// A source's or sink's own error, while it did `operation` with `digest`.
    pub fn failed(
        operation: &'static str,
        digest: &Digest,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Failed {
            operation,
            digest: digest.clone(),
            source: source.into(),
        }
    }

    /// Is the blob simply not there?
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// What happens to each blob of an image while it is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// The sink has it already, or it is a foreign layer, which is not passed on.
    Skipped,
    /// It is being copied.
    Started,
    /// It has been copied.
    Finished,
}

/// Reads a whole document (manifest, index, image configuration), which must not be longer than
/// [`MAX_DOCUMENT_SIZE`].
///
/// # Errors
/// When the source does not have it, or it is too long or not what its descriptor says.
pub fn read_blob(source: &dyn BlobSource, descriptor: &Descriptor) -> Result<Vec<u8>, BlobError> {
    let digest = &descriptor.digest;
    if descriptor.size > MAX_DOCUMENT_SIZE {
        let (size, limit) = (descriptor.size, MAX_DOCUMENT_SIZE);
        let source = Error::DocumentTooLarge {
            document: "document",
            size,
            limit,
        };
        return Err(BlobError::Document {
            digest: digest.clone(),
            source,
        });
    }
    let mut bytes = Vec::new();
    VerifiedReader::new(source.open(descriptor)?, descriptor)
        .read_to_end(&mut bytes)
        .map_err(|source| BlobError::failed("read", digest, source))?;
    Ok(bytes)
}

/// Copies an image, or an index and its images: every blob before whatever names it, so that the sink
/// never has a manifest without its blobs. `observe` is told what happens to each.
///
/// # Errors
/// When the source or the sink fails, or a manifest is unusable.
pub fn copy_image(
    source: &dyn BlobSource,
    sink: &dyn BlobSink,
    root: &Descriptor,
    observe: &mut dyn FnMut(&Descriptor, Transfer),
) -> Result<(), BlobError> {
    let bytes = read_blob(source, root)?;
    let document = Document::parse(&bytes).map_err(|source| BlobError::Document {
        digest: root.digest.clone(),
        source,
    })?;
    match document {
        Document::Index(index) => {
            for manifest in &index.manifests {
                copy_image(source, sink, manifest, observe)?;
            }
        }
        Document::Manifest(manifest) => {
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                copy_blob(source, sink, blob, observe)?;
            }
        }
    }
    if sink.has(&root.digest)? {
        observe(root, Transfer::Skipped);
        return Ok(());
    }
    observe(root, Transfer::Started);
    sink.put(root, &mut bytes.as_slice())?;
    observe(root, Transfer::Finished);
    Ok(())
}

fn copy_blob(
    source: &dyn BlobSource,
    sink: &dyn BlobSink,
    blob: &Descriptor,
    observe: &mut dyn FnMut(&Descriptor, Transfer),
) -> Result<(), BlobError> {
    if blob.media_type.is_foreign() || sink.has(&blob.digest)? {
        observe(blob, Transfer::Skipped);
        return Ok(());
    }
    observe(blob, Transfer::Started);
    sink.put(blob, &mut *source.open(blob)?)?;
    observe(blob, Transfer::Finished);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Index, Manifest, MediaType};

    #[derive(Default)]
    struct Memory(RefCell<BTreeMap<Digest, Vec<u8>>>);

    impl Memory {
        fn add(&self, media_type: MediaType, bytes: &[u8]) -> Descriptor {
            let descriptor = Descriptor::of(media_type, bytes);
            self.put(&descriptor, &mut { bytes }).unwrap();
            descriptor
        }
    }

    impl BlobSource for Memory {
        fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
            match self.0.borrow().get(&descriptor.digest) {
                Some(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
                None => Err(BlobError::NotFound {
                    digest: descriptor.digest.clone(),
                }),
            }
        }
    }

    impl BlobSink for Memory {
        fn has(&self, digest: &Digest) -> Result<bool, BlobError> {
            Ok(self.0.borrow().contains_key(digest))
        }

        fn put(&self, descriptor: &Descriptor, content: &mut dyn Read) -> Result<(), BlobError> {
            let mut bytes = Vec::new();
            content
                .read_to_end(&mut bytes)
                .map_err(|source| BlobError::failed("read", &descriptor.digest, source))?;
            self.0.borrow_mut().insert(descriptor.digest.clone(), bytes);
            Ok(())
        }
    }

    #[test]
    fn copies_blobs_before_what_names_them() {
        let (source, sink) = (Memory::default(), Memory::default());
        let config = source.add(MediaType::OciConfig, b"{}");
        let layer = source.add(MediaType::OciLayer, b"layer");
        let foreign = Descriptor::of(MediaType::OciForeignLayer, b"elsewhere");
        let layers = vec![layer.clone(), foreign.clone()];
        let manifest = Manifest::new(config.clone(), layers).to_bytes();
        let manifest = source.add(MediaType::OciManifest, &manifest);
        let index = Index::new(vec![manifest.clone()]).to_bytes();
        let index = source.add(MediaType::OciIndex, &index);
        sink.add(MediaType::OciConfig, b"{}");

        let mut seen = Vec::new();
        copy_image(&source, &sink, &index, &mut |blob, transfer| {
            seen.push((blob.digest.clone(), transfer));
        })
        .unwrap();
        let expected = [
            (&layer, Transfer::Started),
            (&layer, Transfer::Finished),
            (&foreign, Transfer::Skipped),
            (&config, Transfer::Skipped),
            (&manifest, Transfer::Started),
            (&manifest, Transfer::Finished),
            (&index, Transfer::Started),
            (&index, Transfer::Finished),
        ];
        assert_eq!(
            seen,
            expected.map(|(blob, transfer)| (blob.digest.clone(), transfer))
        );
        assert_eq!(*source.0.borrow(), *sink.0.borrow());
    }

    #[test]
    fn a_missing_blob_stops_the_copy() {
        let (source, sink) = (Memory::default(), Memory::default());
        let config = Descriptor::of(MediaType::OciConfig, b"{}");
        let manifest = Manifest::new(config, Vec::new()).to_bytes();
        let manifest = source.add(MediaType::OciManifest, &manifest);
        let error = copy_image(&source, &sink, &manifest, &mut |_, _| {}).unwrap_err();
        assert!(error.is_not_found());
        assert!(sink.0.borrow().is_empty());
    }
}
