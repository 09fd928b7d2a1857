//! `load`: from an archive into the store.

use std::collections::BTreeSet;
use std::io::Read;

use oci::{Descriptor, Digest, Reference};

use super::members::Members;
use super::{docker, layout};
use crate::{Error, Image, Store};

/// An image, or an index of images, that was loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The manifest or index, as [`tag`](Store::tag) takes it.
    pub descriptor: Descriptor,
    /// Its names in the archive. They are its names in the store now.
    pub references: Vec<Reference>,
    /// The images: one, or of an index those that the archive has.
    pub images: Vec<Image>,
}

impl Store {
    /// Loads every image of an archive: of an OCI image layout, or what `docker save` writes, as a tar, compressed
    /// in whatever way or not at all.
    ///
    /// The archive is read once, from beginning to end, and nothing is unpacked. Blobs are checked against their
    /// digests. Whether layers have the diff IDs that the configuration says is found out when they are unpacked.
    /// Of an archive that is broken no image gets a name.
    ///
    /// # Errors
    /// [`Error::Archive`], [`Error::Read`], [`Error::Member`], [`Error::MissingMember`], [`Error::MemberDocument`],
    /// [`Error::DockerManifest`], [`Error::NoImage`] for what is wrong with the archive, [`Error::Content`] for a blob
    /// that is not what it is called, [`Error::Io`] if it cannot be stored.
    pub fn load(&self, archive: &mut (dyn Read + Send)) -> Result<Vec<Loaded>, Error> {
        let members = Members::read(self, archive)?;
        let loaded = match members.document("index.json")? {
            Some(index) => layout::load(self, &members, &index)?,
            None => docker::load(self, &members)?,
        };
        if loaded.iter().all(|one| one.images.is_empty()) {
            return Err(Error::NoImage);
        }
        for one in &loaded {
            for reference in &one.references {
                self.tag(reference, &one.descriptor)?;
            }
        }
        Ok(loaded)
    }
}

/// What an archive brings, in order, and what of it was seen already.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) loaded: Vec<Loaded>,
    pub(super) seen: BTreeSet<Digest>,
}

impl Collected {
    /// Adds an image, or further names of one.
    pub(super) fn add(
        &mut self,
        descriptor: Descriptor,
        references: Vec<Reference>,
        images: Vec<Image>,
    ) {
        let known = self
            .loaded
            .iter()
            .position(|one| one.descriptor.digest == descriptor.digest);
        let at = known.unwrap_or(self.loaded.len());
        if known.is_none() {
            self.loaded.push(Loaded {
                descriptor,
                references: Vec::new(),
                images,
            });
        }
        let one = &mut self.loaded[at];
        one.references.extend(references);
        one.references.sort();
        one.references.dedup();
    }
}
