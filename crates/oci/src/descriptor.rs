//! image-spec, descriptor.md.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{Extra, null_as_default};
use crate::{Digest, MediaType, Platform};

/// A typed, sized pointer at a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    pub media_type: MediaType,
    /// The blob's name.
    pub digest: Digest,
    /// The blob's length in bytes.
    pub size: u64,
    /// Where else the blob may be had; never asked with credentials.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<String>,
    /// Notes, not part of the content.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// In an index: which machine the manifest is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What an artifact is, if the manifest is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// All other members.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Descriptor {
    /// A descriptor with the three members that every one has.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            platform: None,
            artifact_type: None,
            extra: Extra::new(),
        }
    }

    /// Describes `bytes` by their SHA-256 digest.
    pub fn of(media_type: MediaType, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::sha256(bytes), bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_it_does_not_know() {
        let text = r#"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"annotations":{"a":"b"},"data":"e30="}"#;
        let descriptor: Descriptor = serde_json::from_str(text).unwrap();
        assert_eq!(descriptor.extra["data"], "e30=");
        assert_eq!(serde_json::to_string(&descriptor).unwrap(), text);
        assert_eq!(
            Descriptor::of(MediaType::OciConfig, b"{}").digest,
            descriptor.digest
        );
    }

    #[test]
    fn refuses_negative_sizes_and_bad_digests() {
        for bad in [
            r#"{"mediaType":"x","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":-1}"#,
            r#"{"mediaType":"x","digest":"sha256:../../../etc/passwd","size":1}"#,
        ] {
            assert!(serde_json::from_str::<Descriptor>(bad).is_err());
        }
    }
}
