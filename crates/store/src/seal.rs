//! From a snapshot to a layer: its diff ID and its length, found out when an image needs them.

use oci::DiffId;
use rootfs::Dir;
use serde::{Deserialize, Serialize};

use crate::layer_writer::LayerWriter;
use crate::{Changes, Error, Recompress, Snapshot, SnapshotId, Store, Timestamps, write_layer};

/// What identifies a layer that was made here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The digest of its tar.
    pub diff_id: DiffId,
    /// The length of its tar.
    pub tar_size: u64,
}

impl Store {
    /// What the top snapshot of a stack (the bottom one first) changes on those below it.
    ///
    /// # Errors
    /// [`Error::NoSuchSnapshot`], [`Error::EmptyStack`], [`Error::Layer`] or [`Error::Root`] if a snapshot cannot be read.
    pub fn changes(&self, stack: &[SnapshotId]) -> Result<Changes, Error> {
        let snapshots = self.stack(stack)?;
        let (top, below) = snapshots.split_last().ok_or(Error::EmptyStack)?;
        self.changes_of(top, below)
    }

    fn changes_of(&self, top: &Snapshot, below: &[Snapshot]) -> Result<Changes, Error> {
        let upper = Dir::open(top.dir()).map_err(|source| Error::Root { source })?;
        Ok(Changes::new(&self.union(below)?, upper)?)
    }

    /// The layer that the top snapshot of a stack (the bottom one first) makes on those below it. Its tar is made
    /// once, to be hashed, and not kept; from now on the store can make it again, with the same times.
    ///
    /// # Errors
    /// [`Error::NoSuchSnapshot`], [`Error::Layer`] if the snapshot cannot be read, [`Error::Io`].
    pub fn seal(&self, stack: &[SnapshotId], timestamps: Timestamps) -> Result<Sealed, Error> {
        self.seal_for(stack, timestamps, None)
    }

    /// The same for an image that is to leave compressed as `how` says: a layer that has to be read to be hashed is
    /// compressed in the same pass. [`recompress`](Store::recompress) finds the blob then.
    ///
    /// # Errors
    /// As [`seal`](Store::seal); [`Error::Compressor`] if layers cannot be compressed so.
    pub fn seal_for(
        &self,
        stack: &[SnapshotId],
        timestamps: Timestamps,
        how: Option<&Recompress>,
    ) -> Result<Sealed, Error> {
        let id = stack.last().ok_or(Error::EmptyStack)?;
        let meta = self.existing(id)?.meta()?;
        if let Some(sealed) = meta.sealed(timestamps) {
            // The same snapshot on another stack is another layer: what is as below is left out of it.
            let known = self.layer(&sealed.diff_id)?;
            if known.is_some_and(|layer| layer.stack == stack) {
                return Ok(sealed);
            }
        }
        let snapshots = self.stack(stack)?;
        let (top, below) = snapshots.split_last().ok_or(Error::EmptyStack)?;
        let changes = self.changes_of(top, below)?.with_timestamps(timestamps);
        let how = how.filter(|how| how.is_for_new_layers());
        let writer = match how {
            Some(how) => LayerWriter::compressing(self.blob_writer()?, how)?,
            None => LayerWriter::hashing(),
        };
        let (writer, size) = write_layer(changes, writer)?;
        let written = writer
            .finish()
            .map_err(|source| Error::Compressor { source })?;
        let blob = how.map(|how| written.keep(how)).transpose()?;
        let sealed = Sealed {
            diff_id: written.diff_id,
            tar_size: written.tar_size,
        };
        self.update_layer(&sealed.diff_id, |layer| {
            layer.size = Some(sealed.tar_size);
            layer.unpacked = Some(size.bytes);
            // If it comes out the same with other times, the files themselves have those.
            if layer.stack != stack || timestamps.are_kept() {
                layer.timestamps = timestamps;
            }
            layer.stack = stack.to_vec();
            blob.iter().for_each(|blob| layer.add_blob(blob));
        })?;
        let size = Some(size.bytes);
        self.set_snapshot_meta(top, &meta.with_sealed(timestamps, &sealed, size))?;
        Ok(sealed)
    }
}
