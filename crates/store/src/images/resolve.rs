//! From what a user writes to an image.

use oci::{Descriptor, Digest, Document, Platform, Reference};

use super::Image;
use crate::{Error, Store};

/// The shortest ID that is looked for; Docker would take one digit.
const MIN_PREFIX: usize = 2;

impl Store {
    /// The image that `name` means: a reference (in its short form too, `latest` where there is no tag), a
    /// repository with a digest, an image ID, or the beginning of one. A name goes before an ID.
    ///
    /// A reference to an index means the image for this machine, or the only one that is here.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], [`Error::AmbiguousId`], [`Error::NoSuchPlatform`]; [`Error::Io`] if the store cannot
    /// be read.
    pub fn resolve(&self, name: &str) -> Result<Image, Error> {
        let root = self.resolve_root(name)?;
        let images = self.images_of(&root)?;
        let host = Platform::host();
        if let Some(best) = best(&host, &images) {
            return Ok(best.clone());
        }
        match <[Image; 1]>::try_from(images) {
            Ok([image]) => Ok(image),
            Err(images) => Err(no_such_platform(name, &host, &images)),
        }
    }

    /// The image that `name` means, for a platform.
    ///
    /// # Errors
    /// As [`resolve`](Store::resolve).
    pub fn resolve_for(&self, name: &str, platform: &Platform) -> Result<Image, Error> {
        let images = self.images_of(&self.resolve_root(name)?)?;
        best(platform, &images)
            .cloned()
            .ok_or_else(|| no_such_platform(name, platform, &images))
    }

    /// The image that `name` means: for a platform if one is asked for, else the one that fits this machine best.
    ///
    /// # Errors
    /// As [`resolve`](Store::resolve).
    pub fn resolve_any(&self, name: &str, platform: Option<&Platform>) -> Result<Image, Error> {
        match platform {
            Some(platform) => self.resolve_for(name, platform),
            None => self.resolve(name),
        }
    }

    /// The image of a manifest or index, for a platform.
    ///
    /// # Errors
    /// [`Error::NoSuchPlatform`] if none would do there, and what stops reading.
    pub fn image_for(&self, root: &Descriptor, platform: &Platform) -> Result<Image, Error> {
        let images = self.images_of(root)?;
        best(platform, &images)
            .cloned()
            .ok_or_else(|| no_such_platform(&root.digest.to_string(), platform, &images))
    }

    /// All images that `name` means: of an index, those that are here.
    ///
    /// # Errors
    /// As [`resolve`](Store::resolve).
    pub fn images_named(&self, name: &str) -> Result<Vec<Image>, Error> {
        self.images_of(&self.resolve_root(name)?)
    }

    /// The manifest or index that `name` means.
    ///
    /// # Errors
    /// As [`resolve`](Store::resolve).
    pub fn resolve_root(&self, name: &str) -> Result<Descriptor, Error> {
        let known = match name.parse::<Reference>() {
            Ok(reference) => self.by_reference(&reference)?,
            Err(_) => None,
        };
        match known {
            Some(descriptor) => Ok(descriptor),
            None => Ok(self.by_id(name)?.manifest),
        }
    }

    /// A manifest or index, without what is not here: of an index that has only one of its images in the store, that.
    ///
    /// # Errors
    /// As [`resolve`](Store::resolve).
    pub fn whole(&self, root: &Descriptor) -> Result<Descriptor, Error> {
        if !root.media_type.is_index() {
            return Ok(root.clone());
        }
        match (self.images_of(root)?.as_slice(), self.manifests_of(root)) {
            ([only], listed) if listed.len() > 1 => Ok(only.manifest.clone()),
            _ => Ok(root.clone()),
        }
    }

    /// What a reference means; one with a digest is also found under another tag of its repository.
    fn by_reference(&self, reference: &Reference) -> Result<Option<Descriptor>, Error> {
        if let Some(descriptor) = self.tagged(reference)? {
            return Ok(Some(descriptor));
        }
        let Some(digest) = reference.digest() else {
            return Ok(None);
        };
        let name = reference.name();
        for tag in self.tags()? {
            if tag.reference.name() != name {
                continue;
            }
            if tag.descriptor.digest == *digest || tag.published.as_ref() == Some(digest) {
                return Ok(Some(tag.descriptor));
            }
            let children = self.manifests_of(&tag.descriptor);
            if let Some(child) = children.into_iter().find(|child| child.digest == *digest) {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }

    /// The image whose ID, or whose manifest's digest, begins so.
    fn by_id(&self, name: &str) -> Result<Image, Error> {
        let nothing = || Error::NoSuchImage {
            name: name.to_owned(),
        };
        let prefix = name.strip_prefix("sha256:").unwrap_or(name);
        let hexadecimal = prefix
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if prefix.len() < MIN_PREFIX || !hexadecimal {
            return Err(nothing());
        }
        let begins = |digest: &Digest| digest.hex().starts_with(prefix);
        let mut found = self.all_images()?;
        found.retain(|image| begins(&image.id) || begins(&image.manifest.digest));
        found.sort_by(|a, b| (&a.id, &a.manifest.digest).cmp(&(&b.id, &b.manifest.digest)));
        // Two manifests with one configuration are one image to the user.
        found.dedup_by(|a, b| a.id == b.id);
        match <[Image; 1]>::try_from(found) {
            Ok([image]) => Ok(image),
            Err(none) if none.is_empty() => Err(nothing()),
            Err(several) => Err(Error::AmbiguousId {
                prefix: prefix.to_owned(),
                candidates: several.into_iter().map(|image| image.id).collect(),
            }),
        }
    }

    /// The images that a descriptor leads to and that are here.
    pub(super) fn images_of(&self, root: &Descriptor) -> Result<Vec<Image>, Error> {
        let manifests = match root.media_type.is_index() {
            false => vec![root.clone()],
            true => match self.document(root)? {
                Document::Index(index) => index.manifests,
                Document::Manifest(_) => Vec::new(),
            },
        };
        let mut images = Vec::new();
        for manifest in manifests {
            images.extend(self.image(&manifest.digest)?);
        }
        Ok(images)
    }
}

/// The image that runs best on a platform, if any does.
fn best<'a>(platform: &Platform, images: &'a [Image]) -> Option<&'a Image> {
    let ranked = images
        .iter()
        .filter_map(|image| Some((platform.rank(&image.platform)?, image)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, image)| image)
}

fn no_such_platform(name: &str, platform: &Platform, images: &[Image]) -> Error {
    if images.is_empty() {
        return Error::NoSuchImage {
            name: name.to_owned(),
        };
    }
    Error::NoSuchPlatform {
        name: name.to_owned(),
        platform: platform.to_string(),
        available: images
            .iter()
            .map(|image| image.platform.to_string())
            .collect(),
    }
}
