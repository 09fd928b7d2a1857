//! What is known of layers, by diff ID.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use oci::{Descriptor, DiffId, Digest};
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
    /// The repositories that are known to have such a blob, by its digest; where one came from or went to last is the
    /// first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<Digest, Vec<String>>,
}

/// How many repositories are remembered of a blob.
const MAX_PLACES: usize = 8;

impl Layer {
    /// Remembers that a repository (`registry/name`) has a blob.
    fn add_place(&mut self, blob: &Digest, repository: &str) {
        let places = self.places.entry(blob.clone()).or_default();
        places.retain(|known| known != repository);
        places.insert(0, repository.to_owned());
        places.truncate(MAX_PLACES);
    }

    /// Whether that is what was learnt last.
    fn is_last_place(&self, blob: &Digest, repository: &str) -> bool {
        let last = self.places.get(blob).and_then(|places| places.first());
        last.is_some_and(|last| last == repository)
    }

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

    /// Remembers that a repository (`registry/name`) has a layer as this blob, from which another repository of the same
    /// registry can take it.
    ///
    /// # Errors
    /// As [`update_layer`](Self::update_layer).
    pub fn note_place(
        &self,
        diff_id: &DiffId,
        blob: &Digest,
        repository: &str,
    ) -> Result<(), Error> {
        let known = self.layer(diff_id)?;
        if !known.is_some_and(|layer| layer.is_last_place(blob, repository)) {
            self.update_layer(diff_id, |layer| layer.add_place(blob, repository))?;
        }
        Ok(())
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
