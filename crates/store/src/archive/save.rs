//! `save`: from the store into an archive or a directory.

mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use oci::{Compression, Descriptor, Digest, Document, Index, Platform, Reference};

use super::ArchiveOut;
use super::docker;
use super::layout::{IMAGE_NAME, REF_NAME};
use crate::{Error, Image, Store};
use place::{Archive, Directory, Place, blob_name};

/// image-spec, annotations.md: when the image was made.
const CREATED: &str = "org.opencontainers.image.created";

/// image-spec, image-layout.md: the file that says that the directory is a layout.
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// An image, or an index of images, to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The manifest or index. [`Store::recompress`] makes one with compressed layers.
    pub descriptor: Descriptor,
    /// The names that it gets in the archive; none is fine.
    pub references: Vec<Reference>,
}

/// What an archive of images is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// An OCI image layout that has Docker's `manifest.json` as well, as Docker itself writes it since version 25: all read it.
    #[default]
    Both,
    /// An OCI image layout and nothing else.
    Oci,
    /// Docker's of before: `manifest.json`, with configurations and layers at the top. Of an index, the image for this machine.
    Docker,
}

/// What goes into an archive.
#[derive(Default)]
struct Contents {
    blobs: Vec<Descriptor>,
    seen: BTreeSet<Digest>,
    index: Vec<Descriptor>,
    docker: Vec<DockerImage>,
}

impl Store {
    /// Writes images as one tar. The same images always make the same bytes.
    ///
    /// Layers are written as their manifests have them. Of an index, images that are not in the store are left out.
    ///
    /// # Errors
    /// [`Error::NoSuchBlob`] for what is missing, [`Error::WriteArchive`] if a blob cannot be read or the archive
    /// cannot be written.
    pub fn save(
        &self,
        images: &[Saved],
        format: ArchiveFormat,
        out: &mut dyn ArchiveOut,
    ) -> Result<(), Error> {
        let contents = self.contents(images)?;
        let mut archive = Archive::new(out);
        if format == ArchiveFormat::Docker {
            for (name, blob) in docker_members(&contents.docker) {
                archive.blob(&name, &blob, self)?;
            }
        } else {
            self.write_blobs(&contents, &mut archive)?;
            archive.document("index.json", &Index::new(contents.index).to_bytes())?;
        }
        if format != ArchiveFormat::Oci {
            let name = match format {
                ArchiveFormat::Docker => docker_name,
                _ => layout_name,
            };
            let items = contents.docker.iter().map(|image| image.item(name));
            let items: Vec<docker::Item> = items.collect();
            let items = serde_json::to_vec(&items).expect("strings and lists have a JSON form");
            archive.document("manifest.json", &items)?;
        }
        if format != ArchiveFormat::Docker {
            archive.document("oci-layout", OCI_LAYOUT)?;
        }
        archive.finish()
    }

    /// Writes images as an OCI image layout into a directory, beside those that are there under other names.
    ///
    /// # Errors
    /// As [`save`](Store::save); [`Error::MemberDocument`] if the directory has an `index.json` that is none, and
    /// [`Error::Io`] if files cannot be written.
    pub fn save_layout(&self, images: &[Saved], dir: &Path) -> Result<(), Error> {
        let contents = self.contents(images)?;
        let mut directory = Directory::new(dir);
        self.write_blobs(&contents, &mut directory)?;
        directory.document("oci-layout", OCI_LAYOUT)?;
        // Last, since it names the rest.
        let index = directory.merge(contents.index)?;
        directory.document("index.json", &Index::new(index).to_bytes())
    }

    fn contents(&self, images: &[Saved]) -> Result<Contents, Error> {
        let mut contents = Contents::default();
        for image in images {
            let found = self.collect(&image.descriptor, &mut contents)?;
            contents.index.extend(index_entries(image, &found));
            contents.docker.extend(docker_image(image, &found));
        }
        Ok(contents)
    }

    /// Collects the blobs of a manifest or index, and the images that it is.
    fn collect(&self, root: &Descriptor, contents: &mut Contents) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        match self.document(root)? {
            Document::Index(index) => {
                for child in &index.manifests {
                    if self.has_blob(&child.digest)? {
                        images.extend(self.collect(child, contents)?);
                    }
                }
            }
            Document::Manifest(manifest) => {
                for blob in manifest.layers.iter().chain([&manifest.config]) {
                    if !blob.media_type.is_foreign() || self.has_blob(&blob.digest)? {
                        contents.add(blob);
                    }
                }
                if !super::layout::is_attestation(root, &manifest) {
                    images.push(self.describe(root)?);
                }
            }
        }
        contents.add(root);
        Ok(images)
    }

    fn write_blobs(&self, contents: &Contents, place: &mut dyn Place) -> Result<(), Error> {
        place.directory("blobs")?;
        let algorithms: BTreeSet<_> = contents
            .blobs
            .iter()
            .map(|blob| blob.digest.algorithm())
            .collect();
        for algorithm in algorithms {
            place.directory(&format!("blobs/{algorithm}"))?;
        }
        for blob in &contents.blobs {
            // A blob that is there is the same.
            if !place.has(blob) {
                place.blob(&blob_name(&blob.digest), blob, self)?;
            }
        }
        Ok(())
    }
}

impl Contents {
    fn add(&mut self, blob: &Descriptor) {
        if self.seen.insert(blob.digest.clone()) {
            self.blobs.push(blob.clone());
        }
    }
}

/// The entries of `index.json`: one for each name, as containerd has it, or one without.
fn index_entries(saved: &Saved, images: &[Image]) -> Vec<Descriptor> {
    let mut entry = saved.descriptor.clone();
    if let [image] = images {
        entry.platform.get_or_insert_with(|| image.platform.clone());
        entry
            .annotations
            .extend(image.created.clone().map(|time| (CREATED.to_owned(), time)));
    }
    if saved.references.is_empty() {
        return vec![entry];
    }
    let named = saved.references.iter().map(|reference| {
        let mut entry = entry.clone();
        entry
            .annotations
            .insert(IMAGE_NAME.to_owned(), reference.to_string());
        let tag = reference
            .tag()
            .map(|tag| (REF_NAME.to_owned(), tag.to_owned()));
        entry.annotations.extend(tag);
        entry
    });
    named.collect()
}

/// An image in `manifest.json`.
struct DockerImage {
    image: Image,
    references: Vec<Reference>,
}

impl DockerImage {
    fn item(&self, name: fn(&Descriptor) -> String) -> docker::Item {
        let layers = self.image.layers.iter();
        docker::Item {
            config: name(&self.image.config),
            repo_tags: self.references.iter().map(Reference::familiar).collect(),
            layers: layers.map(|layer| name(&layer.blob)).collect(),
        }
    }
}

/// What `manifest.json`, which knows no platforms, has of an index: the image for this machine, or the first one.
fn docker_image(saved: &Saved, images: &[Image]) -> Option<DockerImage> {
    let host = Platform::host();
    let ranked = images
        .iter()
        .filter_map(|image| Some((host.rank(&image.platform)?, image)));
    let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, image)| image);
    Some(DockerImage {
        image: best.or(images.first())?.clone(),
        references: saved.references.clone(),
    })
}

/// Everything that these images name, once.
fn docker_members(images: &[DockerImage]) -> BTreeMap<String, Descriptor> {
    let blobs = images.iter().flat_map(|image| {
        let layers = image.image.layers.iter().map(|layer| &layer.blob);
        layers.chain([&image.image.config])
    });
    blobs
        .map(|blob| (docker_name(blob), blob.clone()))
        .collect()
}

/// Where a blob is in a layout.
fn layout_name(blob: &Descriptor) -> String {
    blob_name(&blob.digest)
}

/// What skopeo and go-containerregistry call it in Docker's archives; some readers go by the ending.
fn docker_name(blob: &Descriptor) -> String {
    let ending = match blob.media_type.layer_compression() {
        None => "json",
        Some(Compression::Gzip) => "tar.gz",
        Some(Compression::Zstd) => "tar.zst",
        Some(_) => "tar",
    };
    format!("{}.{ending}", blob.digest.hex())
}
