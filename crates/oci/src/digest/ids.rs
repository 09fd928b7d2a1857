//! image-spec, config.md, "Layer DiffID" and "Layer ChainID".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::Error;

/// The digest of a layer's tar before any compression.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DiffId(pub Digest);

/// The name of a stack of layers: what a root filesystem is after the last of them is applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainId(pub Digest);

impl DiffId {
    /// The digest itself.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl ChainId {
    /// The chain of `diff_ids`, bottom first; an empty stack has none.
    pub fn of(diff_ids: &[DiffId]) -> Option<Self> {
        diff_ids.iter().fold(None, |parent, diff_id| {
            Some(Self::on(parent.as_ref(), diff_id))
        })
    }

    /// The chain that ends in `parent`, with one more layer on top.
    pub fn on(parent: Option<&Self>, diff_id: &DiffId) -> Self {
        match parent {
            None => Self(diff_id.0.clone()),
            Some(parent) => Self(Digest::sha256(format!("{parent} {diff_id}").as_bytes())),
        }
    }

    /// The digest itself.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for DiffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DiffId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self)
    }
}

impl FromStr for ChainId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| DiffId(Digest::sha256(bytes)));
        assert_eq!(ChainId::of(&[]), None);
        assert_eq!(ChainId::of(std::slice::from_ref(&a)).unwrap().0, a.0);
        let two = Digest::sha256(format!("{a} {b}").as_bytes());
        assert_eq!(ChainId::of(&[a.clone(), b.clone()]).unwrap().0, two);
        let three = Digest::sha256(format!("{two} {c}").as_bytes());
        assert_eq!(ChainId::of(&[a, b, c]).unwrap().0, three);
    }
}
