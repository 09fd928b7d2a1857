//! A layer's tar on its way through: hashed, counted, and compressed where somebody wants that, all in one pass.

use std::io::{self, Read, Write};

use oci::compression::Encoder;
use oci::{Compression, Descriptor, DiffId, DigestWriter};

use crate::archive::media_type;
use crate::{BlobWriter, Error, NewBlob, Recompress};

const BUFFER: usize = 128 << 10;

/// Takes a tar.
pub(crate) struct LayerWriter(DigestWriter<Product>);

/// What is made of the tar besides its digest.
struct Product(Option<Encoder<BlobWriter>>);

/// What a layer's tar was.
pub(crate) struct WrittenLayer {
    /// Its digest.
    pub(crate) diff_id: DiffId,
    /// Its length.
    pub(crate) tar_size: u64,
    /// The layer compressed, if that was wanted. It is not kept yet.
    pub(crate) blob: Option<NewBlob>,
}

impl LayerWriter {
    /// Begins a layer of which only the digest is wanted.
    pub(crate) fn hashing() -> LayerWriter {
        LayerWriter(DigestWriter::new(Product(None)))
    }

    /// Begins a layer that is compressed into a blob.
    pub(crate) fn compressing(blob: BlobWriter, how: &Recompress) -> Result<LayerWriter, Error> {
        let encoder = match how.compression {
            Compression::Gzip => Encoder::gzip(how.level, how.members, blob, how.threads),
            other => Encoder::new(other, how.level, blob, how.threads),
        };
        let encoder = encoder.map_err(|source| Error::Compressor { source })?;
        Ok(LayerWriter(DigestWriter::new(Product(Some(encoder)))))
    }

    /// Takes all that a reader gives.
    pub(crate) fn copy(&mut self, mut from: impl Read) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => self.write_all(&buffer[..length])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Ends the layer.
    pub(crate) fn finish(self) -> io::Result<WrittenLayer> {
        let (product, digest, tar_size) = self.0.finish();
        let blob = product.0.map(Encoder::finish).transpose()?;
        Ok(WrittenLayer {
            diff_id: DiffId(digest),
            tar_size,
            blob: blob.map(BlobWriter::finish),
        })
    }
}

impl WrittenLayer {
    /// Keeps the blob, and describes it.
    pub(crate) fn keep(&self, how: &Recompress) -> Result<Descriptor, Error> {
        let blob = self.blob.as_ref().expect("it was to be compressed");
        // It can be made again.
        blob.keep_made()?;
        let media_type = media_type(how.compression, false);
        Ok(Descriptor::new(
            media_type,
            blob.digest().clone(),
            blob.size(),
        ))
    }
}

impl Write for LayerWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Product {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(encoder) => encoder.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
