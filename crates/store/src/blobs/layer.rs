//! Layers that are blobs without a file: their tar is made again from the snapshot.

use std::io::{self, BufWriter, Read};

use oci::{Descriptor, DiffId, Digest, MediaType, VerifiedReader};

use super::pieces::{PIECE, stream};
use crate::layer_writer::LayerWriter;
use crate::{Changes, Error, SnapshotId, Store, Timestamps, write_layer};

/// A layer that can be made again.
pub(crate) struct Remade {
    descriptor: Descriptor,
    stack: Vec<SnapshotId>,
    timestamps: Timestamps,
}

impl Store {
    /// The layer with this diff ID, if it was made here and its snapshots are still here.
    pub(super) fn remade(&self, digest: &Digest) -> Result<Option<Remade>, Error> {
        let diff_id = DiffId(digest.clone());
        let layer = self.layer(&diff_id)?.unwrap_or_default();
        let timestamps = layer.timestamps;
        let recorded = match layer.size {
            Some(size) if !layer.stack.is_empty() => Some((size, layer.stack)),
            _ => None,
        };
        // A record may be lost with the power; the images that have the layer know as much.
        let found = match recorded {
            Some(found) => Some(found),
            None => self.layer_of_an_image(&diff_id)?,
        };
        let Some((size, stack)) = found else {
            return Ok(None);
        };
        for id in &stack {
            if self.snapshot(id)?.is_none() {
                return Ok(None);
            }
        }
        let descriptor = Descriptor::new(MediaType::OciLayer, digest.clone(), size);
        Ok(Some(Remade {
            descriptor,
            stack,
            timestamps,
        }))
    }

    /// Writes the layer's tar, which nobody has checked then.
    pub(crate) fn write_remade(
        &self,
        layer: &Remade,
        mut writer: LayerWriter,
    ) -> Result<LayerWriter, Error> {
        if let Some(tar) = self.kept_tar(layer)? {
            let failed = |source| Error::Compress {
                digest: layer.descriptor.digest.clone(),
                source,
            };
            writer.copy(tar).map_err(failed)?;
            return Ok(writer);
        }
        let (writer, _) = write_layer(self.changes_of_remade(layer)?, writer)?;
        Ok(writer)
    }

    /// The tar of a packed snapshot.
    fn kept_tar(&self, layer: &Remade) -> Result<Option<impl Read + Send + use<>>, Error> {
        match layer.stack.last() {
            Some(top) if layer.timestamps.are_kept() => self.existing(top)?.open_tar(),
            _ => Ok(None),
        }
    }

    fn changes_of_remade(&self, layer: &Remade) -> Result<Changes, Error> {
        let changes = self.changes(&layer.stack)?;
        Ok(changes.with_timestamps(layer.timestamps))
    }

    /// The layer's tar, written by a thread while it is read, and checked: a snapshot that was tampered with does
    /// not leave the store under the digest of what it was.
    ///
    /// A packed snapshot has it already.
    pub(crate) fn open_remade(&self, layer: &Remade) -> Result<Box<dyn Read + Send>, Error> {
        if let Some(tar) = self.kept_tar(layer)? {
            return Ok(Box::new(VerifiedReader::new(tar, &layer.descriptor)));
        }
        let changes = self.changes_of_remade(layer)?;
        let (pieces, stream) = stream();
        std::thread::spawn(move || {
            let mut out = BufWriter::with_capacity(PIECE, pieces);
            if let Err(error) = write_layer(changes, &mut out) {
                out.into_parts().0.fail(io::Error::other(error));
            }
        });
        Ok(Box::new(VerifiedReader::new(stream, &layer.descriptor)))
    }
}
