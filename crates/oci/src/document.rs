use serde_json::Value;

use crate::{Error, Index, Manifest, MediaType, json};

/// The longest manifest, index or image configuration that is read: what registries accept as well.
pub const MAX_DOCUMENT_SIZE: u64 = 4 * 1024 * 1024;

pub(crate) const MANIFEST: &str = "image manifest";
pub(crate) const INDEX: &str = "image index";
pub(crate) const CONFIG: &str = "image configuration";

/// What a reference may lead to: one image, or an index of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// Several images, or one image and its attestations.
    Index(Index),
}

impl Document {
    /// Reads a manifest or an index, whichever `bytes` are.
    ///
    /// The members decide: an index has `manifests`, a manifest has `config` and `layers`. A document
    /// with both, or whose media type says otherwise, is refused (CVE-2021-41190): two programs could
    /// read two different images from the same digest.
    ///
    /// # Errors
    /// When `bytes` are too many, are not JSON, or are neither, or both.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_size(MANIFEST, bytes)?;
        let value: Value = json::parse(MANIFEST, bytes)?;
        let invalid = |document, reason| Err(Error::InvalidDocument { document, reason });
        let Some(object) = value.as_object() else {
            return invalid(MANIFEST, "it is not a JSON object");
        };
        let stated = object
            .get("mediaType")
            .and_then(Value::as_str)
            .map(MediaType::from);
        match object.get("schemaVersion").and_then(Value::as_u64) {
            Some(2) => {}
            Some(1) => return invalid(MANIFEST, "schema version 1 is not supported"),
            _ => return invalid(MANIFEST, "its schemaVersion is not 2"),
        }
        let like_manifest = object.contains_key("layers") || object.contains_key("config");
        match (object.contains_key("manifests"), like_manifest) {
            (true, true) => invalid(MANIFEST, "it has the members of an index as well"),
            (true, false) if stated.as_ref().is_none_or(MediaType::is_index) => {
                json::parse(INDEX, bytes).map(Self::Index)
            }
            (true, false) => invalid(INDEX, "its mediaType is not that of an index"),
            (false, true) if stated.as_ref().is_none_or(MediaType::is_manifest) => {
                json::parse(MANIFEST, bytes).map(Self::Manifest)
            }
            (false, true) => invalid(MANIFEST, "its mediaType is not that of an image manifest"),
            (false, false) => invalid(MANIFEST, "it has neither layers nor manifests"),
        }
    }

    /// The document's media type, stated or implied.
    pub fn media_type(&self) -> &MediaType {
        match self {
            Self::Manifest(manifest) => manifest.media_type(),
            Self::Index(index) => index.media_type(),
        }
    }
}

pub(crate) fn check_size(document: &'static str, bytes: &[u8]) -> Result<(), Error> {
    let (size, limit) = (bytes.len() as u64, MAX_DOCUMENT_SIZE);
    if size > limit {
        Err(Error::DocumentTooLarge {
            document,
            size,
            limit,
        })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Descriptor;

    fn config() -> Descriptor {
        Descriptor::of(MediaType::OciConfig, b"{}")
    }

    fn reason(text: &str) -> &'static str {
        match Document::parse(text.as_bytes()).unwrap_err() {
            Error::InvalidDocument { reason, .. } => reason,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn tells_them_apart() {
        let manifest = Manifest::new(config(), Vec::new());
        let parsed = Document::parse(&manifest.to_bytes()).unwrap();
        assert_eq!(parsed, Document::Manifest(manifest.clone()));
        let index = Index::new(vec![Descriptor::of(
            MediaType::OciManifest,
            &manifest.to_bytes(),
        )]);
        assert_eq!(
            Document::parse(&index.to_bytes()).unwrap(),
            Document::Index(index.clone())
        );
        assert!(Manifest::parse(&index.to_bytes()).is_err());
        assert!(Index::parse(&manifest.to_bytes()).is_err());
    }

    #[test]
    fn refuses_what_could_be_both() {
        let both = r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#;
        assert_eq!(reason(both), "it has the members of an index as well");
        let lying = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#;
        assert_eq!(reason(lying), "its mediaType is not that of an index");
        let lying = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","layers":[]}"#;
        assert_eq!(
            reason(lying),
            "its mediaType is not that of an image manifest"
        );
    }

    #[test]
    fn refuses_the_rest() {
        assert_eq!(
            reason(r#"{"schemaVersion":1}"#),
            "schema version 1 is not supported"
        );
        assert_eq!(reason("{}"), "its schemaVersion is not 2");
        assert_eq!(reason("[]"), "it is not a JSON object");
        assert_eq!(
            reason(r#"{"schemaVersion":2}"#),
            "it has neither layers nor manifests"
        );
        let long = vec![b' '; 4 * 1024 * 1024 + 1];
        assert!(matches!(
            Document::parse(&long),
            Err(Error::DocumentTooLarge { .. })
        ));
        assert!(matches!(
            Document::parse(b"{"),
            Err(Error::InvalidJson { .. })
        ));
    }

    #[test]
    fn layers_may_be_null() {
        let mut value = serde_json::to_value(Manifest::new(config(), Vec::new())).unwrap();
        value["layers"] = Value::Null;
        assert!(
            Manifest::parse(value.to_string().as_bytes())
                .unwrap()
                .layers
                .is_empty()
        );
    }
}
