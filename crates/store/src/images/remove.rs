//! Removing images.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use oci::{Digest, Platform, Reference};

use super::Image;
use crate::{Error, Store};

/// What removing took away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// References that are no more.
    pub untagged: Vec<Reference>,
    /// IDs of images that are no more.
    pub deleted: Vec<Digest>,
}

/// What to do with an image that was given by ID and has names in several repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// Leave it and say so.
    Refuse,
    /// Take all its names away.
    Force,
}

impl Store {
    /// Removes what `name` means, as `docker rmi` does. A reference is taken away, and the image with it if that was
    /// its last one; an image given by ID goes with all its references.
    ///
    /// Blobs and snapshots that nothing needs any more are left to the collection of garbage.
    ///
    /// # Errors
    /// As [`resolve`](Store::resolve), and [`Error::SeveralNames`].
    pub fn remove_image(&self, name: &str, several: Unnamed) -> Result<Removed, Error> {
        if let Ok(reference) = name.parse::<Reference>()
            && let Some(descriptor) = self.tagged(&reference)?
        {
            self.untag(&reference)?;
            let mut deleted = Vec::new();
            for manifest in self.manifests_of(&descriptor) {
                if let Some(image) = self.image(&manifest.digest)? {
                    deleted.extend(self.delete_if_unnamed(&image)?);
                }
            }
            return Ok(Removed {
                untagged: vec![reference],
                deleted,
            });
        }
        if let Ok(reference) = name.parse::<Reference>()
            && let Some(digest) = reference.digest()
        {
            return self.remove_by_digest(&reference, digest, name);
        }
        self.remove_by_id(&self.resolve(name)?, several)
    }

    /// Removes of what `name` means the image for a platform, and leaves its names to the others. The last one goes as
    /// [`remove_image`](Store::remove_image) has it.
    ///
    /// # Errors
    /// As [`resolve_for`](Store::resolve_for) and [`remove_image`](Store::remove_image); [`Error::SeveralNames`] if other names
    /// lead to that image, too, unless all are to go.
    pub fn remove_platform(
        &self,
        name: &str,
        platform: &Platform,
        several: Unnamed,
    ) -> Result<Removed, Error> {
        let image = self.resolve_for(name, platform)?;
        let root = self.resolve_root(name)?;
        if self.images_of(&root)?.len() < 2 {
            return self.remove_image(name, several);
        }
        let mut others = Vec::new();
        for tag in self.tags()? {
            let leads = self.manifests_of(&tag.descriptor).contains(&image.manifest);
            if leads && tag.descriptor.digest != root.digest {
                others.push(tag.reference);
            }
        }
        if !others.is_empty() && several == Unnamed::Refuse {
            return Err(Error::SeveralNames {
                id: image.id,
                references: others,
            });
        }
        // Without its manifest nothing of it is needed any more, whatever indexes list it.
        let digest = &image.manifest.digest;
        for path in [self.image_path(digest), self.blob_path(digest)] {
            remove_file(&path)?;
        }
        Ok(Removed {
            untagged: Vec::new(),
            deleted: vec![image.id],
        })
    }

    /// Takes away the names that a repository has for a digest.
    fn remove_by_digest(
        &self,
        repository: &Reference,
        digest: &Digest,
        name: &str,
    ) -> Result<Removed, Error> {
        let image = self.resolve(name)?;
        let mut untagged = Vec::new();
        for tag in self.tags()? {
            let means = tag.descriptor.digest == *digest
                || tag.published.as_ref() == Some(digest)
                || image.manifest == tag.descriptor;
            if means && tag.reference.name() == repository.name() {
                self.untag(&tag.reference)?;
                untagged.push(tag.reference);
            }
        }
        let deleted = self.delete_if_unnamed(&image)?;
        Ok(Removed {
            untagged,
            deleted: deleted.into_iter().collect(),
        })
    }

    fn remove_by_id(&self, image: &Image, several: Unnamed) -> Result<Removed, Error> {
        let references = self.references(image)?;
        let repositories: BTreeSet<String> = references.iter().map(Reference::name).collect();
        if repositories.len() > 1 && several == Unnamed::Refuse {
            return Err(Error::SeveralNames {
                id: image.id.clone(),
                references,
            });
        }
        for reference in &references {
            self.untag(reference)?;
        }
        let deleted = self.delete_if_unnamed(image)?;
        Ok(Removed {
            untagged: references,
            deleted: deleted.into_iter().collect(),
        })
    }

    /// Removes an image, all manifests of it, if no reference leads to it.
    fn delete_if_unnamed(&self, image: &Image) -> Result<Option<Digest>, Error> {
        let named = self.images_by_id()?.remove(&image.id);
        let Some(named) = named.filter(|named| named.references.is_empty()) else {
            return Ok(None);
        };
        for image in &named.images {
            remove_file(&self.image_path(&image.manifest.digest))?;
        }
        Ok(Some(image.id.clone()))
    }
}

/// Removes a file, if it is there.
fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}
