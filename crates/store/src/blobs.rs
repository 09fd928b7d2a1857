//! Blobs: content named by its digest.

mod growing;
mod layer;
mod partial;
mod pieces;
mod unsynced;
mod writer;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use oci::{
    BlobError, BlobSink, BlobSource, Descriptor, Digest, Document, ImageConfig, MAX_DOCUMENT_SIZE,
    Manifest, MediaType, VerifiedReader,
};

pub use growing::Growing;
pub(crate) use layer::Remade;
pub(crate) use partial::STALE as PARTIAL_STALE;
pub(crate) use pieces::stream;
pub(crate) use writer::Kept;
pub use writer::{BlobWriter, NewBlob};

use crate::lease::Lease;
use crate::store::Durability;
use crate::{Error, Store};

/// What a blob comes from.
pub(crate) enum BlobContent {
    /// A file, which can be copied without being read.
    File(File),
    /// A layer that is made again.
    Layer(Box<Remade>),
}

impl Store {
    /// Where a blob is, if it is a file.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path()
            .join("blobs")
            .join(digest.algorithm().as_str())
            .join(digest.hex())
    }

    /// Whether a blob can be opened: it is a file, or a layer that can be made again.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        Ok(self.has_file(digest)? || self.remade(digest)?.is_some())
    }

    /// Opens a blob. What comes is not checked against the digest: it was when it was stored, or since the power may
    /// have been cut.
    ///
    /// A layer that was made here and never stored as a blob is made again from its snapshot, and comes as it
    /// is made.
    ///
    /// # Errors
    /// [`Error::NoSuchBlob`] if it is not here, [`Error::Io`] if it cannot be opened.
    pub fn open_blob(&self, digest: &Digest) -> Result<Box<dyn Read + Send>, Error> {
        Ok(match self.blob_content(digest)? {
            BlobContent::File(file) => Box::new(file),
            BlobContent::Layer(layer) => self.open_remade(&layer)?,
        })
    }

    /// What the content of a blob comes from, if it is asked for.
    ///
    /// # Errors
    /// As [`open_blob`](Store::open_blob).
    pub(crate) fn blob_content(&self, digest: &Digest) -> Result<BlobContent, Error> {
        if self.has_file(digest)? {
            let path = self.blob_path(digest);
            match File::open(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                opened => {
                    let file = opened.map_err(Error::io("open", &path))?;
                    return Ok(BlobContent::File(file));
                }
            }
        }
        match self.remade(digest)? {
            Some(layer) => Ok(BlobContent::Layer(Box::new(layer))),
            None => Err(Error::NoSuchBlob {
                digest: digest.clone(),
            }),
        }
    }

    /// Reads a manifest, index or configuration, and checks it against its digest.
    ///
    /// # Errors
    /// As [`open_blob`](Store::open_blob); [`Error::ReadBlob`] if it is not what the descriptor says, and
    /// [`Error::Document`] if it is longer than any document.
    pub fn read_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let digest = &descriptor.digest;
        if descriptor.size > MAX_DOCUMENT_SIZE {
            let (size, limit) = (descriptor.size, MAX_DOCUMENT_SIZE);
            let source = oci::Error::DocumentTooLarge {
                document: "document",
                size,
                limit,
            };
            return Err(Error::Document {
                digest: digest.clone(),
                source,
            });
        }
        // One byte more, so that the end is seen without making room for it.
        let room = usize::try_from(descriptor.size).map_or(0, |size| size + 1);
        let mut bytes = Vec::with_capacity(room);
        VerifiedReader::new(self.open_blob(digest)?, descriptor)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::ReadBlob {
                digest: digest.clone(),
                source,
            })?;
        Ok(bytes)
    }

    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// As [`read_blob`](Store::read_blob), and [`Error::Document`] if it is neither.
    pub fn document(&self, descriptor: &Descriptor) -> Result<Document, Error> {
        let invalid = |source| Error::Document {
            digest: descriptor.digest.clone(),
            source,
        };
        Document::parse(&self.read_blob(descriptor)?).map_err(invalid)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// As [`read_blob`](Store::read_blob), and [`Error::Document`] if it is none.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, Error> {
        let invalid = |source| Error::Document {
            digest: descriptor.digest.clone(),
            source,
        };
        Manifest::parse(&self.read_blob(descriptor)?).map_err(invalid)
    }

    /// Reads an image configuration.
    ///
    /// # Errors
    /// As [`read_blob`](Store::read_blob), and [`Error::Document`] if it is none.
    pub fn config(&self, descriptor: &Descriptor) -> Result<ImageConfig, Error> {
        let invalid = |source| Error::Document {
            digest: descriptor.digest.clone(),
            source,
        };
        ImageConfig::parse(&self.read_blob(descriptor)?).map_err(invalid)
    }

    /// A writer for a blob whose digest is not known yet. It is SHA-256.
    ///
    /// # Errors
    /// [`Error::Io`] if there is no place for it.
    pub fn blob_writer(&self) -> Result<BlobWriter, Error> {
        BlobWriter::create(self.clone(), oci::Algorithm::Sha256)
    }

    /// A writer for what `descriptor` names: with the same kind of digest, see [`NewBlob::keep_as`].
    ///
    /// # Errors
    /// [`Error::Io`] if there is no place for it.
    pub fn blob_writer_for(&self, descriptor: &Descriptor) -> Result<BlobWriter, Error> {
        BlobWriter::create(self.clone(), descriptor.digest.algorithm())
    }

    /// Stores what `descriptor` names, and nothing else.
    ///
    /// It comes from elsewhere and can be had again, so nothing waits for the disk: what a power cut takes of it is
    /// found out when it is next asked for.
    ///
    /// # Errors
    /// [`Error::Content`] if size or digest are not the descriptor's, [`Error::ReadBlob`] if `content` cannot be
    /// read, [`Error::Io`] if it cannot be stored.
    pub fn put_blob(&self, descriptor: &Descriptor, content: &mut dyn Read) -> Result<(), Error> {
        let digest = &descriptor.digest;
        let mut writer = self.blob_writer_for(descriptor)?;
        // One byte more than promised is enough to know.
        let mut limited = content.take(descriptor.size.saturating_add(1));
        writer
            .copy(&mut limited)
            .map_err(|source| Error::ReadBlob {
                digest: digest.clone(),
                source,
            })?;
        writer.finish().keep_copy(descriptor)
    }

    /// Stores a document, and describes it.
    ///
    /// It may be lost with the power, as everything that was built in the last seconds may: documents are checked
    /// when they are read. Waiting for the disk here would mean to wait for all files of the layers as well.
    ///
    /// # Errors
    /// [`Error::Io`] if they cannot be stored.
    pub fn put_bytes(&self, media_type: MediaType, bytes: &[u8]) -> Result<Descriptor, Error> {
        let descriptor = Descriptor::of(media_type, bytes);
        let path = self.blob_path(&descriptor.digest);
        self.hold(Lease::Blob(descriptor.digest.clone()))?;
        // An unchanged configuration or manifest, as a cached build makes it, costs no write.
        let there = fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64);
        if !there || !self.has_file(&descriptor.digest)? {
            self.write(&path, bytes, Durability::Cached)?;
        }
        Ok(descriptor)
    }
}

impl BlobSource for Store {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.open_blob(&descriptor.digest)
            .map_err(|e| blob_error("open", &descriptor.digest, e))
    }
}

impl BlobSink for Store {
    fn has(&self, digest: &Digest) -> Result<bool, BlobError> {
        self.has_blob(digest)
            .map_err(|e| blob_error("look for", digest, e))
    }

    fn put(&self, descriptor: &Descriptor, content: &mut dyn Read) -> Result<(), BlobError> {
        self.put_blob(descriptor, content)
            .map_err(|e| blob_error("store", &descriptor.digest, e))
    }
}

fn blob_error(operation: &'static str, digest: &Digest, error: Error) -> BlobError {
    match error {
        Error::NoSuchBlob { digest } => BlobError::NotFound { digest },
        other => BlobError::failed(operation, digest, other),
    }
}
