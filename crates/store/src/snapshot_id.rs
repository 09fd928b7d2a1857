//! Names of snapshots.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use oci::{ChainId, DiffId};
use serde::{Deserialize, Serialize};

use crate::{Error, hex};

/// The name of a snapshot: lower-case hexadecimal digits, so that it is safe as a file name.
///
/// The snapshot of a pulled layer has the chain ID of the layers up to it, so that images share it; that of a layer
/// built here has a random one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotId(Box<str>);

impl SnapshotId {
    /// Longest name: the digits of a SHA-512 chain ID.
    const MAX_LEN: usize = 128;

    /// A name that nothing has yet: 32 digits.
    #[must_use]
    pub fn random() -> SnapshotId {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        // The standard library seeds every thread's RandomState with the kernel's random bytes.
        let seed = RandomState::new();
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let parts = (std::process::id(), count, std::time::SystemTime::now());
        let bytes = [
            seed.hash_one((0, parts)).to_le_bytes(),
            seed.hash_one((1, parts)).to_le_bytes(),
        ];
        SnapshotId(hex::encode(bytes.as_flattened()).into())
    }

    /// The name of the snapshot on top of the pulled layers with this chain ID.
    #[must_use]
    pub fn of_chain(chain: &ChainId) -> SnapshotId {
        SnapshotId(chain.digest().hex().into())
    }

    /// The name of the snapshot of a layer that another machine made on these snapshots (the bottom one first). Where it was
    /// made does not count, so that machines agree on it; that it lies on others does.
    #[must_use]
    pub fn of_layer_on(below: &[SnapshotId], diff_id: &DiffId) -> SnapshotId {
        let mut text = String::from("carafe layer");
        for id in below {
            text.push('\n');
            text.push_str(id.as_str());
        }
        text.push('\n');
        text.push_str(diff_id.digest().as_str());
        SnapshotId(hex::encode(&hex::sha256(text.as_bytes())).into())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotId {
    type Err = Error;

    fn from_str(text: &str) -> Result<SnapshotId, Error> {
        let valid = (1..=SnapshotId::MAX_LEN).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if valid {
            Ok(SnapshotId(text.into()))
        } else {
            Err(Error::SnapshotId)
        }
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = Error;

    fn try_from(text: String) -> Result<SnapshotId, Error> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> String {
        id.0.into()
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_differ_and_parse() {
        let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| SnapshotId::random()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!(id.as_str().len(), 32);
            assert_eq!(id.as_str().parse::<SnapshotId>().unwrap(), id);
        }
    }

    #[test]
    fn a_layer_from_elsewhere_is_named_by_what_it_lies_on() {
        let diff_id = |text: &str| DiffId(oci::Digest::sha256(text.as_bytes()));
        let [a, b]: [SnapshotId; 2] = ["aa", "bb"].map(|id| id.parse().unwrap());
        let on = SnapshotId::of_layer_on;
        let name = on(&[a.clone(), b.clone()], &diff_id("1"));
        assert_eq!(name, on(&[a.clone(), b.clone()], &diff_id("1")));
        for other in [
            on(&[b.clone(), a.clone()], &diff_id("1")),
            on(&[b], &diff_id("1")),
            on(&[], &diff_id("1")),
            on(&[a], &diff_id("2")),
        ] {
            assert_ne!(name, other);
        }
    }

    #[test]
    fn names_that_are_no_names() {
        for bad in ["", "..", "a/b", "ABC", "xyz", &"a".repeat(129)] {
            assert!(bad.parse::<SnapshotId>().is_err(), "{bad}");
        }
    }
}
