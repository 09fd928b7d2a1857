use serde::{Deserialize, Serialize};

use crate::json::{Extra, is_default, null_as_default};

/// How one layer, or one change of the configuration, came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// When, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By which instruction.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub created_by: String,
    /// By whom.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub author: String,
    /// Anything else; BuildKit's is `buildkit.dockerfile.v0`.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub comment: String,
    /// It made no layer.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub empty_layer: bool,
    /// All other members.
    #[serde(flatten)]
    pub extra: Extra,
}
