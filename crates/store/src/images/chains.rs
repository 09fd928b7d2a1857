//! Images that were built here need no unpacking: their chain IDs lead to the snapshots that they were built of.
//!
//! A snapshot that was built has a random name. So that whoever looks for the chain ID of the layers up to it finds
//! it, there is a link of that name beside it.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use oci::ChainId;

use super::Image;
use crate::{Error, SnapshotId, Store};

impl Store {
    /// Links the chain IDs of an image to the snapshots of its layers, as far as they are known.
    pub(super) fn link_chains(&self, image: &Image) -> Result<(), Error> {
        let mut chain: Option<ChainId> = None;
        let mut stack: Vec<SnapshotId> = Vec::new();
        for layer in &image.layers {
            let next = ChainId::on(chain.as_ref(), &layer.diff_id);
            let name = SnapshotId::of_chain(chain.insert(next));
            if self.snapshot(&name)?.is_some() {
                stack.push(self.linked(name));
                continue;
            }
            // The same layer may have been built on others as well: it must be these.
            let known = self.layer(&layer.diff_id)?.unwrap_or_default();
            // The files of a layer with other times have these only once it is unpacked.
            if !known.timestamps.are_kept() {
                return Ok(());
            }
            let known: Vec<SnapshotId> =
                known.stack.into_iter().map(|id| self.linked(id)).collect();
            let Some((top, below)) = known.split_last() else {
                return Ok(());
            };
            if below != stack || self.snapshot(top)?.is_none() {
                return Ok(());
            }
            self.link_snapshot(&name, top)?;
            stack.push(top.clone());
        }
        Ok(())
    }

    /// The snapshot that a link leads to; one that is no link is itself.
    pub(crate) fn linked(&self, id: SnapshotId) -> SnapshotId {
        let target = fs::read_link(self.snapshot_path(&id)).ok();
        let target = target
            .as_ref()
            .and_then(|target| target.to_str()?.parse().ok());
        target.unwrap_or(id)
    }

    fn link_snapshot(&self, name: &SnapshotId, target: &SnapshotId) -> Result<(), Error> {
        let path = self.snapshot_path(name);
        let mut linked = symlink(target.as_str(), &path);
        if linked
            .as_ref()
            .is_err_and(|e| e.kind() == io::ErrorKind::AlreadyExists)
        {
            // Another process was faster, or it led to something that is gone.
            if self.snapshot(name)?.is_some() {
                return Ok(());
            }
            self.remove_snapshot(name)?;
            linked = symlink(target.as_str(), &path);
        }
        match linked {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(Error::io("link", &path)(e)),
            _ => Ok(()),
        }
    }

    fn snapshot_path(&self, id: &SnapshotId) -> PathBuf {
        self.layout().snapshots().join(id.as_str())
    }
}
