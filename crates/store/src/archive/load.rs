//! `load`: from an archive into the store.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use oci::{Descriptor, Digest, Platform, Reference};

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
    /// Loads every image of an archive, or those for a platform: of an OCI image layout, or what `docker save` writes, as a tar,
    /// compressed in whatever way or not at all.
    ///
    /// The archive is read once, from beginning to end, and nothing is unpacked. Blobs are checked against their
    /// digests. Whether layers have the diff IDs that the configuration says is found out when they are unpacked.
    /// Of an archive that is broken no image gets a name.
    ///
    /// # Errors
    /// [`Error::Archive`], [`Error::Read`], [`Error::Member`], [`Error::MissingMember`], [`Error::MemberDocument`],
    /// [`Error::DockerManifest`], [`Error::NoImage`], [`Error::NotInArchive`] for what is wrong with the archive,
    /// [`Error::Content`] for a blob that is not what it is called, [`Error::Io`] if it cannot be stored.
    pub fn load(
        &self,
        archive: &mut (dyn Read + Send),
        platform: Option<&Platform>,
    ) -> Result<Vec<Loaded>, Error> {
        self.load_members(&Members::read(self, archive)?, platform)
    }

    /// The same for the files of such an archive in a directory. Nothing outside of it is read, wherever links lead; `go_on` is
    /// asked before each file.
    ///
    /// # Errors
    /// As [`load`](Store::load); [`Error::Root`] if the directory cannot be read, [`Error::Stopped`] if `go_on` says so.
    pub fn load_directory(
        &self,
        directory: &Path,
        platform: Option<&Platform>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Loaded>, Error> {
        let members = Members::read_directory(self, directory, go_on)?;
        self.load_members(&members, platform)
    }

    fn load_members(
        &self,
        members: &Members,
        platform: Option<&Platform>,
    ) -> Result<Vec<Loaded>, Error> {
        let mut loaded = Collected::new(platform);
        match members.document("index.json")? {
            Some(index) => layout::load(self, members, &index, &mut loaded)?,
            None => docker::load(self, members, &mut loaded)?,
        }
        let loaded = loaded.finish()?;
        for one in &loaded {
            for reference in &one.references {
                self.tag(reference, &one.descriptor)?;
            }
        }
        Ok(loaded)
    }
}

/// What an archive brings, in order, and what of it was seen already.
pub(super) struct Collected<'a> {
    pub(super) loaded: Vec<Loaded>,
    pub(super) seen: BTreeSet<Digest>,
    /// What is wanted; `None` is all.
    pub(super) platform: Option<&'a Platform>,
    /// The platforms of images that are not wanted.
    others: BTreeSet<String>,
}

impl<'a> Collected<'a> {
    fn new(platform: Option<&'a Platform>) -> Collected<'a> {
        Collected {
            loaded: Vec::new(),
            seen: BTreeSet::new(),
            platform,
            others: BTreeSet::new(),
        }
    }

    /// How well an image is what is wanted, the best first; `None` for one that is not.
    pub(super) fn rank(&mut self, of: &Platform) -> Option<u32> {
        let Some(wanted) = self.platform else {
            return Some(0);
        };
        let rank = wanted.rank(of);
        if rank.is_none() {
            self.others.insert(of.to_string());
        }
        rank
    }

    fn finish(mut self) -> Result<Vec<Loaded>, Error> {
        self.loaded.retain(|one| {
            // An index of nothing that is wanted is none.
            self.platform.is_none() || !one.images.is_empty()
        });
        if self.loaded.iter().any(|one| !one.images.is_empty()) {
            return Ok(self.loaded);
        }
        Err(match self.platform {
            Some(platform) if !self.others.is_empty() => Error::NotInArchive {
                platform: platform.to_string(),
                available: self.others.into_iter().collect(),
            },
            _ => Error::NoImage,
        })
    }

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
