//! image-spec, config.md; and what Docker adds to it.

mod config;
mod history;

use serde::{Deserialize, Serialize};

pub use config::{Config, Healthcheck};
pub use history::History;

use crate::json::{self, Extra, null_as_default};
use crate::{DiffId, Error, Platform, document};

/// The image configuration: what the image is made of and how to run it. Its digest is the image ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When it was made, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The machine that it is for, in Go's names: `amd64`, `arm64`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub architecture: String,
    /// The operating system that it is for: `linux`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub os: String,
    /// The least version of the operating system.
    #[serde(
        rename = "os.version",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// Features that the operating system must have.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// The variant of the machine: `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How to run it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub config: Config,
    /// The layers' diff IDs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub rootfs: RootFs,
    /// How each layer came to be, bottom first.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub history: Vec<History>,
    /// All other members.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ImageConfig {
    /// The configuration of an image without layers, for `platform`.
    pub fn new(platform: &Platform) -> Self {
        let mut config = Self::default();
        config.set_platform(platform);
        config
    }

    /// Reads an image configuration.
    ///
    /// # Errors
    /// When `bytes` are too many or are not an image configuration.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        document::check_size(document::CONFIG, bytes)?;
        let config: Self = json::parse(document::CONFIG, bytes)?;
        if config.rootfs.kind != RootFs::LAYERS {
            let reason = "its rootfs.type is not `layers`";
            return Err(Error::InvalidDocument {
                document: document::CONFIG,
                reason,
            });
        }
        Ok(config)
    }

    /// The configuration as JSON bytes, to be digested and stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an image configuration has only string keys")
    }

    /// The platform that the image is for.
    pub fn platform(&self) -> Platform {
        Platform {
            architecture: self.architecture.clone(),
            os: self.os.clone(),
            os_version: self.os_version.clone(),
            os_features: self.os_features.clone(),
            variant: self.variant.clone(),
        }
    }

    /// Says that the image is for `platform`.
    pub fn set_platform(&mut self, platform: &Platform) {
        self.architecture.clone_from(&platform.architecture);
        self.os.clone_from(&platform.os);
        self.os_version.clone_from(&platform.os_version);
        self.os_features.clone_from(&platform.os_features);
        self.variant.clone_from(&platform.variant);
    }
}

/// The layers of an image by their diff IDs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type", default = "layers")]
    pub kind: String,
    /// The layers, bottom first. An image without any has `[]`, never `null`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub diff_ids: Vec<DiffId>,
}

impl RootFs {
    const LAYERS: &str = "layers";
}

fn layers() -> String {
    RootFs::LAYERS.to_owned()
}

impl Default for RootFs {
    fn default() -> Self {
        Self {
            kind: layers(),
            diff_ids: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tolerates_what_go_writes() {
        let text = r#"{"architecture":"amd64","os":"linux","config":{"Env":null,"Cmd":null,"Volumes":null,
            "OnBuild":null,"Labels":null,"ExposedPorts":null,"User":"","Tty":false},
            "rootfs":{"type":"layers","diff_ids":null},"history":null,"moby.buildkit.cache.v0":"x"}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&config.to_bytes()).unwrap();
        let expected = json!({"architecture":"amd64","os":"linux","config":{"Tty":false},
            "rootfs":{"type":"layers","diff_ids":[]},"moby.buildkit.cache.v0":"x"});
        assert_eq!(written, expected);
    }

    #[test]
    fn refuses_other_root_filesystems() {
        let text = br#"{"rootfs":{"type":"squash","diff_ids":[]}}"#;
        assert!(matches!(
            ImageConfig::parse(text),
            Err(Error::InvalidDocument { .. })
        ));
        let text = br#"{"rootfs":{"type":"layers","diff_ids":["sha256:../x"]}}"#;
        assert!(matches!(
            ImageConfig::parse(text),
            Err(Error::InvalidJson { .. })
        ));
    }
}
