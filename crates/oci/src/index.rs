//! image-spec, image-index.md.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{self, Document};
use crate::json::{Extra, null_as_default};
use crate::{Descriptor, Error, MediaType, Platform};

/// Manifests of the same image for different platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// The index's own media type; OCI indexes may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What an artifact is, if this is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The manifests, best first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this index is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes about the index.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// All other members.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Index {
    /// An OCI index of `manifests`.
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MediaType::OciIndex),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: BTreeMap::new(),
            extra: Extra::new(),
        }
    }

    /// Reads an index.
    ///
    /// # Errors
    /// When `bytes` are too many, are not JSON, are a manifest, or could be taken for one
    /// (CVE-2021-41190).
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match Document::parse(bytes)? {
            Document::Index(index) => Ok(index),
            Document::Manifest(_) => Err(Error::InvalidDocument {
                document: document::INDEX,
                reason: "it is an image manifest",
            }),
        }
    }

    /// The index's media type, which an OCI index need not state.
    pub fn media_type(&self) -> &MediaType {
        self.media_type.as_ref().unwrap_or(&MediaType::OciIndex)
    }

    /// The index as JSON bytes, to be digested and stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an index has only string keys")
    }

    /// The manifest that runs best on `platform`; of equals, the first.
    ///
    /// A manifest that states no platform is taken only if nothing else fits, and only if it is the
    /// only one of its kind, as nothing tells which machine it is for.
    pub fn select(&self, platform: &Platform) -> Option<&Descriptor> {
        let images = || {
            self.manifests
                .iter()
                .filter(|manifest| !is_attestation(manifest))
        };
        let ranked = images()
            .filter_map(|manifest| Some((platform.rank(manifest.platform.as_ref()?)?, manifest)));
        if let Some((_, manifest)) = ranked.min_by_key(|(rank, _)| *rank) {
            return Some(manifest);
        }
        let mut unstated = images().filter(|manifest| manifest.platform.is_none());
        unstated.next().filter(|_| unstated.next().is_none())
    }
}

/// BuildKit puts provenance and bills of materials beside the images, for "unknown/unknown".
fn is_attestation(manifest: &Descriptor) -> bool {
    manifest
        .annotations
        .contains_key("vnd.docker.reference.type")
}
