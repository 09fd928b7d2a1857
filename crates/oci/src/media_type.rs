//! image-spec, media-types.md; and Docker's image manifest version 2, schema 2.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Compression;

/// What kind of content a descriptor points at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MediaType {
    /// An image index.
    OciIndex,
    /// An image manifest.
    OciManifest,
    /// An image configuration.
    OciConfig,
    /// A layer, not compressed.
    OciLayer,
    /// A layer, compressed with gzip.
    OciLayerGzip,
    /// A layer, compressed with zstd.
    OciLayerZstd,
    /// A layer that must not be pushed on, not compressed.
    OciForeignLayer,
    /// A layer that must not be pushed on, compressed with gzip.
    OciForeignLayerGzip,
    /// A layer that must not be pushed on, compressed with zstd.
    OciForeignLayerZstd,
    /// The two bytes `{}`.
    OciEmpty,
    /// Docker's manifest list.
    DockerIndex,
    /// Docker's image manifest, schema 2.
    DockerManifest,
    /// Docker's image manifest, schema 1: known only to be refused by name.
    DockerManifestV1,
    /// Docker's signed image manifest, schema 1: known only to be refused by name.
    DockerManifestV1Signed,
    /// Docker's image configuration.
    DockerConfig,
    /// Docker's layer, not compressed.
    DockerLayer,
    /// Docker's layer, compressed with gzip.
    DockerLayerGzip,
    /// Docker's layer, compressed with zstd.
    DockerLayerZstd,
    /// Docker's layer that must not be pushed on, not compressed.
    DockerForeignLayer,
    /// Docker's layer that must not be pushed on, compressed with gzip.
    DockerForeignLayerGzip,
    /// Any other.
    Unknown(Box<str>),
}

/// What is the same in OCI's names and in Docker's.
const PAIRS: &[(MediaType, MediaType)] = &[
    (MediaType::OciIndex, MediaType::DockerIndex),
    (MediaType::OciManifest, MediaType::DockerManifest),
    (MediaType::OciConfig, MediaType::DockerConfig),
    (MediaType::OciLayer, MediaType::DockerLayer),
    (MediaType::OciLayerGzip, MediaType::DockerLayerGzip),
    (MediaType::OciLayerZstd, MediaType::DockerLayerZstd),
    (MediaType::OciForeignLayer, MediaType::DockerForeignLayer),
    (
        MediaType::OciForeignLayerGzip,
        MediaType::DockerForeignLayerGzip,
    ),
];

/// Every name, once.
const NAMES: &[(MediaType, &str)] = &[
    (
        MediaType::OciIndex,
        "application/vnd.oci.image.index.v1+json",
    ),
    (
        MediaType::OciManifest,
        "application/vnd.oci.image.manifest.v1+json",
    ),
    (
        MediaType::OciConfig,
        "application/vnd.oci.image.config.v1+json",
    ),
    (
        MediaType::OciLayer,
        "application/vnd.oci.image.layer.v1.tar",
    ),
    (
        MediaType::OciLayerGzip,
        "application/vnd.oci.image.layer.v1.tar+gzip",
    ),
    (
        MediaType::OciLayerZstd,
        "application/vnd.oci.image.layer.v1.tar+zstd",
    ),
    (
        MediaType::OciForeignLayer,
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
    ),
    (
        MediaType::OciForeignLayerGzip,
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ),
    (
        MediaType::OciForeignLayerZstd,
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    ),
    (MediaType::OciEmpty, "application/vnd.oci.empty.v1+json"),
    (
        MediaType::DockerIndex,
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ),
    (
        MediaType::DockerManifest,
        "application/vnd.docker.distribution.manifest.v2+json",
    ),
    (
        MediaType::DockerManifestV1,
        "application/vnd.docker.distribution.manifest.v1+json",
    ),
    (
        MediaType::DockerManifestV1Signed,
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ),
    (
        MediaType::DockerConfig,
        "application/vnd.docker.container.image.v1+json",
    ),
    (
        MediaType::DockerLayer,
        "application/vnd.docker.image.rootfs.diff.tar",
    ),
    (
        MediaType::DockerLayerGzip,
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
    (
        MediaType::DockerLayerZstd,
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
    ),
    (
        MediaType::DockerForeignLayer,
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
    ),
    (
        MediaType::DockerForeignLayerGzip,
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ),
];

impl MediaType {
    /// Its name.
    pub fn as_str(&self) -> &str {
        if let Self::Unknown(name) = self {
            return name;
        }
        let known = NAMES.iter().find(|(media_type, _)| media_type == self);
        known.expect("NAMES has every media type but Unknown").1
    }

    /// The same in OCI's names; what has none stays.
    pub fn in_oci(&self) -> Self {
        let pair = PAIRS.iter().find(|(_, docker)| docker == self);
        pair.map_or(self, |(oci, _)| oci).clone()
    }

    /// The same in Docker's names; what has none stays.
    pub fn in_docker(&self) -> Self {
        let pair = PAIRS.iter().find(|(oci, _)| oci == self);
        pair.map_or(self, |(_, docker)| docker).clone()
    }

    /// Is it an image manifest that can be read here?
    pub fn is_manifest(&self) -> bool {
        matches!(self, Self::OciManifest | Self::DockerManifest)
    }

    /// Is it an image index or a manifest list?
    pub fn is_index(&self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerIndex)
    }

    /// Is it an image configuration?
    pub fn is_config(&self) -> bool {
        matches!(self, Self::OciConfig | Self::DockerConfig)
    }

    /// Is it a layer's changeset?
    pub fn is_layer(&self) -> bool {
        self.layer_compression().is_some()
    }

    /// Is it a layer that must not be pushed on, and may not be in the registry at all?
    pub fn is_foreign(&self) -> bool {
        matches!(
            self,
            Self::OciForeignLayer
                | Self::OciForeignLayerGzip
                | Self::OciForeignLayerZstd
                | Self::DockerForeignLayer
                | Self::DockerForeignLayerGzip
        )
    }

    /// How a layer says it is compressed; `None` if it is no layer. Content decides what it is.
    pub fn layer_compression(&self) -> Option<Compression> {
        match self {
            Self::OciLayer
            | Self::OciForeignLayer
            | Self::DockerLayer
            | Self::DockerForeignLayer => Some(Compression::None),
            Self::OciLayerGzip
            | Self::OciForeignLayerGzip
            | Self::DockerLayerGzip
            | Self::DockerForeignLayerGzip => Some(Compression::Gzip),
            Self::OciLayerZstd | Self::OciForeignLayerZstd | Self::DockerLayerZstd => {
                Some(Compression::Zstd)
            }
            _ => None,
        }
    }
}

impl From<&str> for MediaType {
    fn from(name: &str) -> Self {
        match NAMES.iter().find(|(_, known)| *known == name) {
            Some((media_type, _)) => media_type.clone(),
            None => Self::Unknown(name.into()),
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(&*std::borrow::Cow::<str>::deserialize(
            deserializer,
        )?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (media_type, name) in NAMES {
            assert_eq!(media_type.as_str(), *name);
            assert_eq!(MediaType::from(*name), *media_type);
        }
        assert_eq!(MediaType::from("text/plain").as_str(), "text/plain");
    }

    #[test]
    fn pairs_lead_back() {
        for (oci, docker) in PAIRS {
            assert_eq!(
                (oci.in_docker(), docker.in_oci()),
                (docker.clone(), oci.clone())
            );
            assert_eq!(
                (oci.in_oci(), docker.in_docker()),
                (oci.clone(), docker.clone())
            );
        }
        assert_eq!(MediaType::OciEmpty.in_docker(), MediaType::OciEmpty);
    }

    #[test]
    fn kinds() {
        assert!(MediaType::DockerManifest.is_manifest());
        assert!(!MediaType::DockerManifestV1.is_manifest());
        assert!(MediaType::DockerIndex.is_index());
        assert!(MediaType::OciForeignLayer.is_layer() && MediaType::OciForeignLayer.is_foreign());
        assert_eq!(
            MediaType::DockerLayerGzip.layer_compression(),
            Some(Compression::Gzip)
        );
        assert_eq!(MediaType::OciConfig.layer_compression(), None);
    }
}
