//! Images: manifests whose configuration and layers are here.
//!
//! `images/<hex of the manifest's digest>.json` is what listings need of an image, so that they read one small file
//! each. An image without a reference is dangling; it stays until it is removed or pruned.

mod chains;
mod list;
mod remove;
mod resolve;
mod tags;
mod unpack;

use std::fs;
use std::path::PathBuf;

use oci::{ChainId, Descriptor, DiffId, Digest, Document, Platform};
use serde::{Deserialize, Serialize};

pub use list::Listed;
pub use remove::{Removed, Unnamed};
pub use tags::Tag;
pub use unpack::{Ground, Proceed, StackLayer};

use crate::lease::Lease;
use crate::store::{Durability, read_small};
use crate::{Error, SnapshotId, Store};

/// No image record is longer than this.
const MAX_IMAGE_SIZE: u64 = 1 << 20;

/// An image in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The image ID: the digest of its configuration, as Docker has it.
    pub id: Digest,
    /// Its manifest.
    pub manifest: Descriptor,
    /// Its configuration.
    pub config: Descriptor,
    /// What it runs on.
    pub platform: Platform,
    /// When its configuration says it was made, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Its layers, bottom first.
    pub layers: Vec<ImageLayer>,
}

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageLayer {
    /// The digest of its tar.
    pub diff_id: DiffId,
    /// The blob that the manifest names.
    pub blob: Descriptor,
}

impl Image {
    /// The diff IDs of its layers, bottom first.
    pub fn diff_ids(&self) -> impl Iterator<Item = &DiffId> {
        self.layers.iter().map(|layer| &layer.diff_id)
    }

    /// The chain ID of its layers; an image without layers has none.
    #[must_use]
    pub fn chain_id(&self) -> Option<ChainId> {
        self.diff_ids().fold(None, |parent, diff_id| {
            Some(ChainId::on(parent.as_ref(), diff_id))
        })
    }
}

impl Store {
    /// Makes an image of a manifest that is in the store. Its configuration must be here too; its blobs should.
    ///
    /// It may be lost with the power, whole; what is left is an image or none.
    ///
    /// # Errors
    /// [`Error::NoSuchBlob`], [`Error::Document`], [`Error::LayerCount`] if manifest or configuration are missing or
    /// wrong, [`Error::Io`] if the record cannot be written.
    pub fn add_image(&self, manifest: &Descriptor) -> Result<Image, Error> {
        let image = self.describe(manifest)?;
        let path = self.image_path(&manifest.digest);
        let bytes = serde_json::to_vec(&image).expect("an image has only string keys");
        if read_small(&path, MAX_IMAGE_SIZE)?.as_ref() != Some(&bytes) {
            self.link_chains(&image)?;
            self.hold(Lease::Image(manifest.digest.clone()))?;
            self.write(&path, &bytes, Durability::Cached)?;
        }
        Ok(image)
    }

    /// The image that a manifest is, though its layers may not be here: it is not one of the store's. Its documents stay for
    /// as long as the process lives.
    ///
    /// # Errors
    /// As [`add_image`](Self::add_image).
    pub fn passing_image(&self, manifest: &Descriptor) -> Result<Image, Error> {
        self.hold(Lease::Image(manifest.digest.clone()))?;
        self.describe(manifest)
    }

    /// The image of a manifest, if it was added.
    ///
    /// # Errors
    /// [`Error::Io`] if the record is there and cannot be read.
    pub fn image(&self, manifest: &Digest) -> Result<Option<Image>, Error> {
        self.hold(Lease::Image(manifest.clone()))?;
        let bytes = read_small(&self.image_path(manifest), MAX_IMAGE_SIZE)?;
        let image: Option<Image> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(image.filter(|image| image.manifest.digest == *manifest))
    }

    /// The image that a manifest is, from its documents.
    pub(crate) fn describe(&self, descriptor: &Descriptor) -> Result<Image, Error> {
        let manifest = self.manifest(descriptor)?;
        let config = self.config(&manifest.config)?;
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            let (digest, layers) = (descriptor.digest.clone(), manifest.layers.len());
            return Err(Error::LayerCount {
                digest,
                layers,
                diff_ids: diff_ids.len(),
            });
        }
        let pairs = diff_ids.iter().cloned().zip(manifest.layers);
        Ok(Image {
            id: manifest.config.digest.clone(),
            manifest: descriptor.clone(),
            platform: config.platform(),
            created: config.created,
            layers: pairs
                .map(|(diff_id, blob)| ImageLayer { diff_id, blob })
                .collect(),
            config: manifest.config,
        })
    }

    /// A layer that stands in an image as a plain tar: its length, and the snapshots from the bottom one to its own.
    pub(crate) fn layer_of_an_image(
        &self,
        diff_id: &DiffId,
    ) -> Result<Option<(u64, Vec<SnapshotId>)>, Error> {
        for image in self.all_images()? {
            let plain = |layer: &ImageLayer| {
                layer.diff_id == *diff_id && layer.blob.digest == *diff_id.digest()
            };
            let Some(at) = image.layers.iter().position(plain) else {
                continue;
            };
            let ids: Vec<DiffId> = image.diff_ids().cloned().collect();
            let stack = (0..=at).filter_map(|top| ChainId::of(&ids[..=top]));
            let stack = stack.map(|chain| SnapshotId::of_chain(&chain)).collect();
            return Ok(Some((image.layers[at].blob.size, stack)));
        }
        Ok(None)
    }

    /// All image records, in no order. Damaged ones are left out.
    pub(crate) fn all_images(&self) -> Result<Vec<Image>, Error> {
        let dir = self.layout().images();
        let mut images = Vec::new();
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let path = entry.map_err(Error::io("list", &dir))?.path();
            let bytes = read_small(&path, MAX_IMAGE_SIZE)?;
            images.extend(bytes.and_then(|bytes| serde_json::from_slice::<Image>(&bytes).ok()));
        }
        Ok(images)
    }

    /// The manifests that a descriptor leads to: itself, or those that the index lists. An index that cannot be read
    /// lists none.
    fn manifests_of(&self, descriptor: &Descriptor) -> Vec<Descriptor> {
        if !descriptor.media_type.is_index() {
            return vec![descriptor.clone()];
        }
        match self.document(descriptor) {
            Ok(Document::Index(index)) => index.manifests,
            _ => Vec::new(),
        }
    }

    pub(crate) fn image_path(&self, manifest: &Digest) -> PathBuf {
        self.layout()
            .images()
            .join(format!("{}.json", manifest.hex()))
    }
}
