//! OCI image layouts: image-spec, image-layout.md.

use std::collections::BTreeMap;

use oci::{Descriptor, Digest, Document, Index, Manifest, Reference};

use super::docker;
use super::load::{Collected, Loaded};
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
pub(super) fn load(store: &Store, members: &Members, index: &[u8]) -> Result<Vec<Loaded>, Error> {
    let unusable = |source| Error::MemberDocument {
        name: "index.json".to_owned(),
        source,
    };
    let index = Index::parse(index).map_err(unusable)?;
    let mut names = docker::names(members)?;
    let mut loader = Loader {
        store,
        members,
        collected: Collected::default(),
    };
    for entry in &index.manifests {
        let images = loader.keep(entry, "index.json", MAX_DEPTH)?;
        let mut references: Vec<Reference> = reference(&entry.annotations).into_iter().collect();
        if let [image] = images.as_slice() {
            references.extend(names.remove(&image.id).unwrap_or_default());
        }
        loader.collected.add(plain(entry), references, images);
    }
    Ok(loader.collected.loaded)
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

struct Loader<'a> {
    store: &'a Store,
    members: &'a Members,
    collected: Collected,
}

impl Loader<'_> {
    /// Puts the blobs that a manifest or index needs into the store, the ones it names before itself.
    fn keep(&mut self, entry: &Descriptor, by: &str, depth: usize) -> Result<Vec<Image>, Error> {
        let bytes = self.read(entry, by)?;
        let unusable = |source| Error::MemberDocument {
            name: entry.digest.to_string(),
            source,
        };
        match Document::parse(&bytes).map_err(unusable)? {
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
        for child in &index.manifests {
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

    fn keep_manifest(
        &mut self,
        entry: &Descriptor,
        manifest: &Manifest,
    ) -> Result<Vec<Image>, Error> {
        let by = entry.digest.as_str();
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

fn missing(digest: &Digest, by: &str) -> Error {
    Error::MissingMember {
        name: format!("blob {digest}"),
        by: by.to_owned(),
    }
}
