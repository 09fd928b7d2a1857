use std::collections::BTreeSet;

use oci::{Descriptor, DiffId, Digest, Document, Manifest};
use store::{Recompress, Store};

use crate::Error;

/// How deep indexes may list indexes.
const DEEPEST: usize = 4;

/// What an image, or an index, is made of.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Every blob, once: layers, and configurations after them.
    pub(super) layers: Vec<Layer>,
    /// Every manifest and index below the root, in an order in which they can be pushed.
    pub(super) manifests: Vec<Descriptor>,
    /// Manifests that are listed and not in the store.
    pub(super) absent: Vec<Descriptor>,
    seen: BTreeSet<Digest>,
}

/// A blob of an image.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) blob: Descriptor,
    /// What it is, if it is a layer of an image.
    pub(super) diff_id: Option<DiffId>,
}

impl Layer {
    /// Whether it has to be compressed before it leaves.
    pub(super) fn needs(&self, how: &Recompress) -> bool {
        self.diff_id.is_some() && !how.keeps(&self.blob)
    }
}

impl Contents {
    pub(super) fn of(store: &Store, root: &Descriptor) -> Result<Self, Error> {
        let mut contents = Self::default();
        contents.collect(store, root, DEEPEST)?;
        Ok(contents)
    }

    fn collect(&mut self, store: &Store, root: &Descriptor, depth: usize) -> Result<(), Error> {
        match store.document(root)? {
            Document::Manifest(manifest) => self.collect_blobs(store, manifest),
            Document::Index(index) => {
                for child in index.manifests {
                    if !self.seen.insert(child.digest.clone()) {
                        continue;
                    }
                    if depth == 0 || !store.has_blob(&child.digest)? {
                        self.absent.push(child);
                        continue;
                    }
                    self.collect(store, &child, depth - 1)?;
                    self.manifests.push(child);
                }
                Ok(())
            }
        }
    }

    /// What other things than images have for a configuration names no diff IDs.
    fn collect_blobs(&mut self, store: &Store, manifest: Manifest) -> Result<(), Error> {
        let is_image = manifest
            .layers
            .iter()
            .any(|layer| layer.media_type.is_layer());
        let diff_ids = match is_image {
            true => store.config(&manifest.config)?.rootfs.diff_ids,
            false => Vec::new(),
        };
        let whole = diff_ids.len() == manifest.layers.len();
        for (at, blob) in manifest.layers.into_iter().enumerate() {
            let diff_id = diff_ids.get(at).filter(|_| whole).cloned();
            self.add(blob, diff_id);
        }
        self.add(manifest.config, None);
        Ok(())
    }

    fn add(&mut self, blob: Descriptor, diff_id: Option<DiffId>) {
        if !blob.media_type.is_foreign() && self.seen.insert(blob.digest.clone()) {
            self.layers.push(Layer { blob, diff_id });
        }
    }
}
