//! What is known of layers, by diff ID.

use std::fs::File;
use std::path::PathBuf;

use oci::{Descriptor, DiffId};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::store::{Durability, read_small};
use crate::{Error, SnapshotId, Store, Timestamps};

/// No layer record is longer than this: 500 snapshots and some descriptors.
const MAX_LAYER_SIZE: u64 = 1 << 20;

/// What is known of one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// The length of its tar.
    pub size: Option<u64>,
    /// The bytes of the regular files that it brings, once it was unpacked or made here.
    pub unpacked: Option<u64>,
    /// For a layer made here: the snapshots from the bottom one to its own, of which its tar can be made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<SnapshotId>,
    /// What becomes of the files' times when it is made again.
    #[serde(default, skip_serializing_if = "Timestamps::are_kept")]
    pub timestamps: Timestamps,
    /// Blobs that hold it, compressed or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Descriptor>,
}

impl Layer {
    /// Adds a blob that holds the layer, once.
    pub fn add_blob(&mut self, blob: &Descriptor) {
        if self.blobs.iter().all(|known| known.digest != blob.digest) {
            self.blobs.push(blob.clone());
        }
    }
}

impl Store {
    /// What is known of a layer. A damaged record counts as none.
    ///
    /// # Errors
    /// [`Error::Io`] if the record is there and cannot be read.
    pub fn layer(&self, diff_id: &DiffId) -> Result<Option<Layer>, Error> {
        let bytes = read_small(&self.layer_path(diff_id), MAX_LAYER_SIZE)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Adds to what is known of a layer. No other process changes it meanwhile. The record of a layer whose times were
    /// kept may be lost with the power: everything in it can be found out again.
    ///
    /// # Errors
    /// [`Error::Io`] if the record cannot be read, locked or written.
    pub fn update_layer(
        &self,
        diff_id: &DiffId,
        change: impl FnOnce(&mut Layer),
    ) -> Result<Layer, Error> {
        let _lock = self.lock_layers()?;
        let before = self.layer(diff_id)?;
        let mut after = before.clone().unwrap_or_default();
        change(&mut after);
        if before.as_ref() != Some(&after) {
            let bytes = serde_json::to_vec(&after).expect("a layer has only string keys");
            // Which times it was made with cannot be found out again.
            let durability = match after.timestamps {
                Timestamps::Kept => Durability::Cached,
                _ => Durability::Synced,
            };
            self.write(&self.layer_path(diff_id), &bytes, durability)?;
        }
        Ok(after)
    }

    fn lock_layers(&self) -> Result<File, Error> {
        let dir = self.layout().layers();
        let file = File::open(&dir).map_err(Error::io("open", &dir))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive).map_err(Error::io("lock", &dir))?;
        Ok(file)
    }

    fn layer_path(&self, diff_id: &DiffId) -> PathBuf {
        // Of SHA-256 and SHA-512 the digits differ in number.
        self.layout()
            .layers()
            .join(format!("{}.json", diff_id.digest().hex()))
    }
}
