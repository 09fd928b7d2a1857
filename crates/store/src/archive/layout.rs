//! OCI image layouts: image-spec, image-layout.md.

use std::collections::BTreeMap;

use oci::{Descriptor, Digest, Document, ImageConfig, Index, Manifest, Platform, Reference};

use super::docker;
use super::load::Collected;
use super::members::{Members, read_document};
use crate::{Error, Image, Store};

/// The full reference, as containerd, BuildKit and Docker write it.
pub(super) const IMAGE_NAME: &str = "io.containerd.image.name";
/// The tag, or whatever the writer took for the name: image-spec, annotations.md.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// On a descriptor that is no image but tells something of one, as BuildKit's attestations do.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// Indexes nest no deeper.
const MAX_DEPTH: usize = 8;

/// Loads what `index.json` lists.
pub(super) fn load(
    store: &Store,
    members: &Members,
    index: &[u8],
    collected: &mut Collected<'_>,
) -> Result<(), Error> {
    let unusable = |source| Error::MemberDocument {
        name: "index.json".to_owned(),
        source,
    };
    let index = Index::parse(index).map_err(unusable)?;
    let mut names = docker::names(members)?;
    let mut loader = Loader {
        store,
        members,
        collected,
    };
    for entry in &index.manifests {
        let images = loader.keep(entry, "index.json", MAX_DEPTH)?;
        let mut references: Vec<Reference> = reference(&entry.annotations).into_iter().collect();
        if let [image] = images.as_slice() {
            references.extend(names.remove(&image.id).unwrap_or_default());
        }
        loader.collected.add(plain(entry), references, images);
    }
    Ok(())
}

/// The descriptor without what only this archive says of it.
fn plain(entry: &Descriptor) -> Descriptor {
    let mut descriptor =
        Descriptor::new(entry.media_type.clone(), entry.digest.clone(), entry.size);
    descriptor.platform.clone_from(&entry.platform);
    descriptor
}

/// The name of an entry of the index. A lone word is a tag without a repository, which names nothing.
fn reference(annotations: &BTreeMap<String, String>) -> Option<Reference> {
    let full = annotations
        .get(IMAGE_NAME)
        .and_then(|name| name.parse().ok());
    let name = annotations
        .get(REF_NAME)
        .filter(|name| name.contains([':', '/']));
    full.or_else(|| name?.parse().ok())
}

/// Whether a manifest is no image, but tells something of one.
pub(super) fn is_attestation(entry: &Descriptor, manifest: &Manifest) -> bool {
    entry.annotations.contains_key(REFERENCE_TYPE) || !manifest.config.media_type.is_config()
}

struct Loader<'a, 'p> {
    store: &'a Store,
    members: &'a Members,
    collected: &'a mut Collected<'p>,
}

impl Loader<'_, '_> {
    /// Puts the blobs that a manifest or index needs into the store, the ones it names before itself.
    fn keep(&mut self, entry: &Descriptor, by: &str, depth: usize) -> Result<Vec<Image>, Error> {
        let bytes = self.read(entry, by)?;
        match Document::parse(&bytes).map_err(unusable(entry))? {
            Document::Manifest(manifest) => self.keep_manifest(entry, &manifest),
            Document::Index(index) => self.keep_index(entry, &index, depth),
        }
    }

    /// An index may list manifests that the archive lacks: `docker save` writes one platform of many.
    fn keep_index(
        &mut self,
        entry: &Descriptor,
        index: &Index,
        depth: usize,
    ) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        for child in self.wanted(entry, index)? {
            // Without this an archive of a few kilobytes could list more than anyone can count.
            let first = self.collected.seen.insert(child.digest.clone());
            if first && depth > 0 && self.here(&child.digest)? {
                images.extend(self.keep(child, entry.digest.as_str(), depth - 1)?);
            } else if let Some(image) = self.store.image(&child.digest)? {
                images.push(image);
            }
        }
        images.sort_by(|a, b| a.manifest.digest.cmp(&b.manifest.digest));
        images.dedup_by(|a, b| a.manifest.digest == b.manifest.digest);
        self.keep_blob(entry, "index.json")?;
        Ok(images)
    }

    /// The children of an index that are to be loaded: all, or the one that suits the platform best.
    fn wanted<'i>(
        &mut self,
        entry: &Descriptor,
        index: &'i Index,
    ) -> Result<Vec<&'i Descriptor>, Error> {
        if self.collected.platform.is_none() {
            return Ok(index.manifests.iter().collect());
        }
        let mut wanted = Vec::new();
        let mut best: Option<(u32, &Descriptor)> = None;
        for child in &index.manifests {
            if child.media_type.is_index() {
                wanted.push(child);
                continue;
            }
            // Attestations are for no platform.
            if child.annotations.contains_key(REFERENCE_TYPE) || !self.here(&child.digest)? {
                continue;
            }
            let platform = match &child.platform {
                Some(platform) => platform.clone(),
                None => {
                    let manifest = self.read(child, entry.digest.as_str())?;
                    let manifest = Manifest::parse(&manifest).map_err(unusable(child))?;
                    self.platform(&manifest, child)?
                }
            };
            let rank = self.collected.rank(&platform);
            if let Some(rank) = rank.filter(|rank| best.is_none_or(|(least, _)| *rank < least)) {
                best = Some((rank, child));
            }
        }
        wanted.extend(best.map(|(_, child)| child));
        Ok(wanted)
    }

    /// The platform that an image's configuration says.
    fn platform(&self, manifest: &Manifest, entry: &Descriptor) -> Result<Platform, Error> {
        let config = self.read(&manifest.config, entry.digest.as_str())?;
        let config = ImageConfig::parse(&config).map_err(unusable(&manifest.config))?;
        Ok(config.platform())
    }

    fn keep_manifest(
        &mut self,
        entry: &Descriptor,
        manifest: &Manifest,
    ) -> Result<Vec<Image>, Error> {
        let by = entry.digest.as_str();
        if self.collected.platform.is_some() && !is_attestation(entry, manifest) {
            let platform = self.platform(manifest, entry)?;
            if self.collected.rank(&platform).is_none() {
                return Ok(Vec::new());
            }
        }
        for layer in &manifest.layers {
            if !layer.media_type.is_foreign() || self.here(&layer.digest)? {
                self.keep_blob(layer, by)?;
            }
        }
        self.keep_blob(&manifest.config, by)?;
        self.keep_blob(entry, by)?;
        if is_attestation(entry, manifest) {
            return Ok(Vec::new());
        }
        Ok(vec![self.store.add_image(&plain(entry))?])
    }

    fn keep_blob(&self, blob: &Descriptor, by: &str) -> Result<(), Error> {
        match self.members.blob(&blob.digest) {
            Some(file) => file.keep_as(blob),
            None if self.store.has_blob(&blob.digest)? => Ok(()),
            None => Err(missing(&blob.digest, by)),
        }
    }

    fn read(&self, entry: &Descriptor, by: &str) -> Result<Vec<u8>, Error> {
        match self.members.blob(&entry.digest) {
            Some(file) => read_document(file, entry.digest.as_str()),
            None if self.store.has_blob(&entry.digest)? => self.store.read_blob(entry),
            None => Err(missing(&entry.digest, by)),
        }
    }

    fn here(&self, digest: &Digest) -> Result<bool, Error> {
        Ok(self.members.blob(digest).is_some() || self.store.has_blob(digest)?)
    }
}

fn unusable(entry: &Descriptor) -> impl FnOnce(oci::Error) -> Error {
    let name = entry.digest.to_string();
    |source| Error::MemberDocument { name, source }
}

fn missing(digest: &Digest, by: &str) -> Error {
    Error::MissingMember {
        name: format!("blob {digest}"),
        by: by.to_owned(),
    }
}
