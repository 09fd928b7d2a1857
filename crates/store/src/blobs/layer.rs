//! Layers that are blobs without a file: their tar is made again from the snapshot.

use std::io::{self, BufWriter, Read};

use oci::{Descriptor, DiffId, Digest, MediaType, VerifiedReader};

use super::pieces::{PIECE, stream};
use crate::{Error, SnapshotId, Store, Timestamps, write_layer};

/// A layer that can be made again.
pub(super) struct Remade {
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

    /// The layer's tar, written by a thread while it is read, and checked: a snapshot that was tampered with does
    /// not leave the store under the digest of what it was.
    ///
    /// A packed snapshot has it already.
    pub(super) fn open_remade(&self, layer: &Remade) -> Result<Box<dyn Read + Send>, Error> {
        if layer.timestamps.are_kept()
            && let Some(top) = layer.stack.last()
            && let Some(tar) = self.existing(top)?.open_tar()?
        {
            return Ok(Box::new(VerifiedReader::new(tar, &layer.descriptor)));
        }
        let changes = self
            .changes(&layer.stack)?
            .with_timestamps(layer.timestamps);
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
