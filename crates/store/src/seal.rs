//! From a snapshot to a layer: its diff ID and its length, found out when an image needs them.

use std::io;

use oci::{DiffId, DigestWriter};
use rootfs::Dir;

use crate::{Changes, Error, SnapshotId, SnapshotMeta, Store, write_layer};

/// What identifies a layer that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The digest of its tar.
    pub diff_id: DiffId,
    /// The length of its tar.
    pub tar_size: u64,
}

impl Store {
    /// The layer that the top snapshot of a stack (the bottom one first) makes on those below it. Its tar is made
    /// once, to be hashed, and not kept; from now on the store can make it again.
    ///
    /// # Errors
    /// [`Error::NoSuchSnapshot`], [`Error::Layer`] if the snapshot cannot be read, [`Error::Io`].
    pub fn seal(&self, stack: &[SnapshotId]) -> Result<Sealed, Error> {
        let snapshots = self.stack(stack)?;
        let Some((top, below)) = snapshots.split_last() else {
            return Err(Error::EmptyStack);
        };
        let meta = top.meta()?;
        if let (Some(diff_id), Some(tar_size)) = (meta.diff_id, meta.tar_size) {
            // The same snapshot on another stack is another layer: what is as below is left out of it.
            let known = self.layer(&diff_id)?;
            if known.is_some_and(|layer| layer.stack == stack) {
                return Ok(Sealed { diff_id, tar_size });
            }
        }
        let upper = Dir::open(top.dir()).map_err(|source| Error::Root { source })?;
        let union = self.union(below)?;
        let changes = Changes::new(&union, upper)?;
        let (writer, size) = write_layer(changes, DigestWriter::new(io::sink()))?;
        let (_, digest, tar_size) = writer.finish();
        let sealed = Sealed {
            diff_id: DiffId(digest),
            tar_size,
        };
        self.update_layer(&sealed.diff_id, |layer| {
            layer.size = Some(tar_size);
            layer.unpacked = Some(size.bytes);
            layer.stack = stack.to_vec();
        })?;
        let diff_id = Some(sealed.diff_id.clone());
        let meta = SnapshotMeta {
            diff_id,
            tar_size: Some(tar_size),
            size: Some(size.bytes),
        };
        self.set_snapshot_meta(top, &meta)?;
        Ok(sealed)
    }
}
