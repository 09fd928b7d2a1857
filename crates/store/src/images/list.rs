//! Listing images.

use std::collections::BTreeMap;

use oci::{Digest, Reference, timestamp};

use super::Image;
use crate::{Error, Store};

/// An image as `images` lists it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The image.
    pub image: Image,
    /// Its references, sorted. None for a dangling image.
    pub references: Vec<Reference>,
    /// Its size, as [`Store::image_size`] has it.
    pub size: u64,
}

/// An image ID: to the user one image, in the store one or more manifests, as when what was built comes back from
/// a registry with its layers compressed.
pub(crate) struct Named {
    /// Never empty; those with references come first.
    pub(crate) images: Vec<Image>,
    /// Sorted.
    pub(crate) references: Vec<Reference>,
}

impl Store {
    /// All images with their names, newest first; each image ID once.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn images(&self) -> Result<Vec<Listed>, Error> {
        let mut listed = Vec::new();
        for mut named in self.images_by_id()?.into_values() {
            let image = named.images.swap_remove(0);
            let size = self.image_size(&image)?;
            listed.push(Listed {
                image,
                references: named.references,
                size,
            });
        }
        // Text would put fractions of a second and other zones in the wrong places.
        let created = |listed: &Listed| listed.image.created.as_deref().and_then(timestamp::parse);
        listed.sort_by(|a, b| {
            let newest = created(b).cmp(&created(a));
            newest.then_with(|| a.references.cmp(&b.references))
        });
        Ok(listed)
    }

    /// The references that lead to an image, sorted.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn references(&self, image: &Image) -> Result<Vec<Reference>, Error> {
        let named = self.images_by_id()?.remove(&image.id);
        Ok(named.map(|named| named.references).unwrap_or_default())
    }

    /// What an image takes: the bytes of the files that its layers bring, of layers that were never unpacked the
    /// length of their blobs. Layers that images share count in full for each.
    ///
    /// # Errors
    /// [`Error::Io`] if a layer's record cannot be read.
    pub fn image_size(&self, image: &Image) -> Result<u64, Error> {
        image.layers.iter().try_fold(0_u64, |sum, layer| {
            let unpacked = self.layer(&layer.diff_id)?.and_then(|known| known.unpacked);
            Ok(sum.saturating_add(unpacked.unwrap_or(layer.blob.size)))
        })
    }

    /// All images by their IDs.
    pub(crate) fn images_by_id(&self) -> Result<BTreeMap<Digest, Named>, Error> {
        let names = self.names()?;
        let mut images = self.all_images()?;
        // With names first; beyond that any order will do that is always the same.
        images.sort_by_cached_key(|image| {
            let digest = image.manifest.digest.clone();
            (!names.contains_key(&digest), digest)
        });
        let mut by_id: BTreeMap<Digest, Named> = BTreeMap::new();
        for image in images {
            let named = by_id.entry(image.id.clone()).or_insert_with(|| Named {
                images: Vec::new(),
                references: Vec::new(),
            });
            named.references.extend(
                names
                    .get(&image.manifest.digest)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            named.images.push(image);
        }
        for named in by_id.values_mut() {
            named.references.sort();
            named.references.dedup();
        }
        Ok(by_id)
    }

    /// The references of every manifest that has any, through indexes too.
    fn names(&self) -> Result<BTreeMap<Digest, Vec<Reference>>, Error> {
        let mut names: BTreeMap<Digest, Vec<Reference>> = BTreeMap::new();
        for tag in self.tags()? {
            for manifest in self.manifests_of(&tag.descriptor) {
                names
                    .entry(manifest.digest)
                    .or_default()
                    .push(tag.reference.clone());
            }
        }
        Ok(names)
    }
}
