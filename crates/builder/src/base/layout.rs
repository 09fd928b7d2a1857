//! Images in an OCI image layout: a directory with `index.json` and `blobs/` (image-spec, image-layout.md).

use std::io::{self, Read};
use std::path::PathBuf;

use oci::{
    BlobError, BlobSource, Descriptor, Digest, Document, Index, MAX_DOCUMENT_SIZE, Manifest,
    Platform, copy_image, read_blob,
};
use rootfs::Root;
use store::Store;

use super::{BaseImage, told};
use crate::Error;

/// How deep indexes may list indexes.
const DEEPEST: usize = 4;

/// The annotation that gives a manifest its tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// The tag where none is named.
const LATEST: &str = "latest";

/// An image in a layout: `oci-layout://directory[:tag][@digest]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OciLayout {
    /// The layout's directory.
    pub directory: PathBuf,
    /// The tag.
    pub tag: Option<String>,
    /// The manifest or index itself, whatever tag it has.
    pub digest: Option<Digest>,
}

/// The blobs of a layout. What it names is looked for in it, wherever links lead.
struct Blobs(Root);

impl BlobSource for Blobs {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let digest = &descriptor.digest;
        let path = format!("blobs/{}/{}", digest.algorithm(), digest.hex());
        match self.0.open_file(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(BlobError::failed("open", digest, error)),
        }
    }
}

impl OciLayout {
    /// How people wrote it.
    fn shown(&self) -> String {
        let mut text = format!("oci-layout://{}", self.directory.display());
        text.extend(self.tag.iter().map(|tag| format!(":{tag}")));
        text.extend(self.digest.iter().map(|digest| format!("@{digest}")));
        text
    }

    /// Takes the image for a platform into the store.
    pub(super) fn load(&self, platform: &Platform, store: &Store) -> Result<BaseImage, Error> {
        let failed = |reason: String| Error::Base {
            name: self.shown(),
            reason: format!("cannot use {}: {reason}", self.shown()),
            not_found: false,
        };
        let unusable = |error: BlobError| failed(told(&error));
        let root = Root::open(&self.directory).map_err(|error| failed(told(&error)))?;
        let index = root.read("index.json", MAX_DOCUMENT_SIZE);
        let index = index.map_err(|error| failed(told(&error)))?;
        let index = index.ok_or_else(|| failed("it has no index.json".to_owned()))?;
        let index = Index::parse(&index).map_err(|error| failed(told(&error)))?;
        let blobs = Blobs(root);
        let root = self
            .root(&index)
            .ok_or_else(|| failed(format!("there is only {}", available(&index))))?;
        let (descriptor, manifest) = manifest(&blobs, &root, platform)
            .map_err(unusable)?
            .ok_or_else(|| failed(format!("it has no image for {platform}")))?;
        copy_image(&blobs, store, &descriptor, &mut |_, _| {}).map_err(unusable)?;
        Ok(BaseImage {
            name: self.shown(),
            reference: None,
            config: store.config(&manifest.config)?,
            manifest,
            root: descriptor.clone(),
            descriptor,
        })
    }

    /// What the digest or the tag names. Without either the one image that there is will do.
    fn root(&self, index: &Index) -> Option<Descriptor> {
        let tag_of = |one: &Descriptor| one.annotations.get(TAG).cloned();
        let found = match (&self.digest, &self.tag) {
            (Some(digest), _) => index.manifests.iter().find(|one| one.digest == *digest),
            (None, tag) => {
                let wanted = tag.as_deref().unwrap_or(LATEST);
                let named = |one: &&Descriptor| {
                    tag_of(one).is_some_and(|tag| {
                        tag == wanted || tag.rsplit_once(':').is_some_and(|(_, tag)| tag == wanted)
                    })
                };
                index.manifests.iter().find(named)
            }
        };
        match (found, index.manifests.as_slice()) {
            (None, [only]) if self.digest.is_none() && self.tag.is_none() => Some(only.clone()),
            (found, _) => found.cloned(),
        }
    }
}

/// The manifest for a platform, of an index or as it stands.
fn manifest(
    blobs: &Blobs,
    root: &Descriptor,
    platform: &Platform,
) -> Result<Option<(Descriptor, Manifest)>, BlobError> {
    let mut descriptor = root.clone();
    for _ in 0..DEEPEST {
        let bytes = read_blob(blobs, &descriptor)?;
        let document = Document::parse(&bytes).map_err(|source| BlobError::Document {
            digest: descriptor.digest.clone(),
            source,
        })?;
        match document {
            Document::Manifest(manifest) => return Ok(Some((descriptor, manifest))),
            Document::Index(index) => match index.select(platform) {
                Some(selected) => descriptor = selected.clone(),
                None => return Ok(None),
            },
        }
    }
    let source = io::Error::other("indexes list indexes without end");
    Err(BlobError::failed("read", &root.digest, source))
}

fn available(index: &Index) -> String {
    let names = index.manifests.iter().take(10).map(|one| {
        let tag = one.annotations.get(TAG);
        tag.cloned().unwrap_or_else(|| one.digest.to_string())
    });
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return "nothing in it".to_owned();
    }
    names.join(", ")
}
