//! image-spec, manifest.md.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{self, Document};
use crate::json::{Extra, null_as_default};
use crate::{Descriptor, Error, MediaType};

/// The blobs of one image: its configuration and its layers, bottom first.
///
/// The digest of a manifest is that of the bytes that it was read from, never of a copy that was
/// written again: keep the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// The manifest's own media type; OCI manifests may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What an artifact is, if this is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image's configuration.
    pub config: Descriptor,
    /// The image's layers, bottom first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes about the image.
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

impl Manifest {
    /// An OCI manifest of `config` and `layers`.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MediaType::OciManifest),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
            extra: Extra::new(),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When `bytes` are too many, are not JSON, are an index, or could be taken for one
    /// (CVE-2021-41190).
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match Document::parse(bytes)? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(_) => Err(Error::InvalidDocument {
                document: document::MANIFEST,
                reason: "it is an index of manifests",
            }),
        }
    }

    /// The manifest's media type, which an OCI manifest need not state.
    pub fn media_type(&self) -> &MediaType {
        self.media_type.as_ref().unwrap_or(&MediaType::OciManifest)
    }

    /// The manifest as JSON bytes, to be digested and stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest has only string keys")
    }
}
