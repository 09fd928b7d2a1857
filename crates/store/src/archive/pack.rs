//! Getting images ready to leave: compressed layers, media types, annotations, one index for several.

use oci::{Descriptor, Document, Manifest, MediaType, Platform};

use super::Recompress;
use crate::{Error, Store};

/// What is done to images before they leave: the attributes that BuildKit's image exporters have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// How layers are compressed; `None` leaves them as they are.
    pub recompress: Option<Recompress>,
    /// Whose names the documents and layers have.
    pub media_types: MediaTypes,
    /// Notes on manifests, index and descriptors.
    pub annotations: Vec<Annotation>,
}

/// Whose media types the documents of an image have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MediaTypes {
    /// Those that it has.
    Kept,
    /// OCI's: image-spec, media-types.md.
    #[default]
    Oci,
    /// Docker's: image manifest version 2, schema 2.
    Docker,
}

/// A note: image-spec, annotations.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// What it is on.
    pub on: Noted,
    /// For one platform's only; `None` is all of them.
    pub platform: Option<Platform>,
    /// Its name.
    pub key: String,
    /// What it says.
    pub value: String,
}

/// What an annotation is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// An image's manifest.
    Manifest,
    /// Where an index, or an archive's `index.json`, names the manifest.
    ManifestDescriptor,
    /// The index of images for several platforms.
    Index,
    /// Where an archive's `index.json` names the index.
    IndexDescriptor,
}

/// What packing made. It is in the store, but has neither a name nor records of its images:
/// [`tag`](Store::tag) and [`add_image`](Store::add_image) make those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The one manifest, or the index.
    pub descriptor: Descriptor,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

impl Packing {
    /// The annotations for something, of a platform if it has one.
    fn notes<'a>(
        &'a self,
        on: Noted,
        platform: Option<&'a Platform>,
    ) -> impl Iterator<Item = (String, String)> + 'a {
        let fits = move |note: &&Annotation| {
            note.on == on && (note.platform.is_none() || note.platform.as_ref() == platform)
        };
        let pair = |note: &Annotation| (note.key.clone(), note.value.clone());
        self.annotations.iter().filter(fits).map(pair)
    }
}

impl Store {
    /// Packs an image, or an index with all images that it lists. Images of an index that are not here are left as they are.
    ///
    /// # Errors
    /// As [`recompress`](Store::recompress).
    pub fn pack(&self, root: &Descriptor, packing: &Packing) -> Result<Packed, Error> {
        let mut index = match self.document(root)? {
            Document::Index(index) => index,
            Document::Manifest(manifest) => {
                let descriptor = self.pack_manifest(root, manifest, packing)?;
                let manifests = vec![descriptor.clone()];
                return Ok(Packed {
                    descriptor,
                    manifests,
                });
            }
        };
        let before = index.clone();
        for child in &mut index.manifests {
            if self.has_blob(&child.digest)?
                && let Document::Manifest(manifest) = self.document(child)?
            {
                *child = self.pack_manifest(child, manifest, packing)?;
            }
        }
        index.annotations.extend(packing.notes(Noted::Index, None));
        let media_type = match packing.media_types {
            MediaTypes::Kept => root.media_type.clone(),
            MediaTypes::Oci => MediaType::OciIndex,
            MediaTypes::Docker => MediaType::DockerIndex,
        };
        if packing.media_types != MediaTypes::Kept {
            index.media_type = Some(media_type.clone());
        }
        // A document that is not changed stays as it was written.
        let mut descriptor = match index == before {
            true => root.clone(),
            false => self.put_bytes(media_type, &index.to_bytes())?,
        };
        let notes = packing.notes(Noted::IndexDescriptor, None);
        descriptor.annotations.extend(notes);
        Ok(Packed {
            descriptor,
            manifests: index.manifests,
        })
    }

    fn pack_manifest(
        &self,
        image: &Descriptor,
        plain: Manifest,
        packing: &Packing,
    ) -> Result<Descriptor, Error> {
        let (mut packed, before) = match &packing.recompress {
            Some(how) => {
                let compressed = self.recompress(image, how)?;
                let manifest = self.manifest(&compressed)?;
                (compressed, manifest)
            }
            None => (image.clone(), plain),
        };
        let platform = image.platform.as_ref();
        let mut manifest = before.clone();
        packing.media_types.rename(&mut manifest);
        let notes = packing.notes(Noted::Manifest, platform);
        manifest.annotations.extend(notes);
        if manifest != before {
            let media_type = manifest.media_type().clone();
            let stored = self.put_bytes(media_type, &manifest.to_bytes())?;
            packed = Descriptor {
                platform: packed.platform,
                ..stored
            };
        }
        let notes = packing.notes(Noted::ManifestDescriptor, platform);
        packed.annotations.extend(notes);
        Ok(packed)
    }
}

impl MediaTypes {
    /// Gives a manifest and what it lists these names.
    fn rename(self, manifest: &mut Manifest) {
        let blobs = manifest.layers.iter_mut().chain([&mut manifest.config]);
        for blob in blobs {
            blob.media_type = self.of(&blob.media_type);
        }
        // An OCI manifest need not say what it is.
        let own = self.of(manifest.media_type());
        if own != *manifest.media_type() {
            manifest.media_type = Some(own);
        }
    }

    fn of(self, media_type: &MediaType) -> MediaType {
        match self {
            Self::Kept => media_type.clone(),
            Self::Oci => media_type.in_oci(),
            Self::Docker => media_type.in_docker(),
        }
    }
}
