//! What the user says about all `RUN` steps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;

use sandbox::{CgroupLimits, Ulimit};

use crate::SshSource;

/// What `RUN` steps get, and what they may ask for.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// `--allow`: what a Dockerfile may ask for only if the user agrees.
    pub entitlements: BTreeSet<Entitlement>,
    /// `--ssh`, by id.
    pub ssh: BTreeMap<String, SshSource>,
    /// `--shm-size`: bytes of `/dev/shm`, if not the usual ones.
    pub shm_size: Option<u64>,
    /// `--ulimit`.
    pub ulimits: Vec<Ulimit>,
    /// `--cgroup-parent`: the control group below which those of the steps are made.
    pub cgroup_parent: Option<PathBuf>,
    /// `--resource`.
    pub limits: CgroupLimits,
}

impl RunOptions {
    /// Whether a Dockerfile may use a device.
    pub(crate) fn allows_device(&self, name: &str) -> bool {
        let named = Entitlement::Device(Some(name.to_owned()));
        self.entitlements.contains(&Entitlement::Device(None)) || self.entitlements.contains(&named)
    }

    /// Whether steps need a control group of their own.
    pub(crate) fn has_limits(&self) -> bool {
        self.cgroup_parent.is_some() || self.limits != CgroupLimits::default()
    }
}

/// What takes the user's consent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entitlement {
    /// `network.host`: `RUN --network=host` in a build that was told to have no network.
    NetworkHost,
    /// `security.insecure`: `RUN --security=insecure`.
    SecurityInsecure,
    /// `device`, `device=NAME`: `RUN --device`, all of them or this one.
    Device(Option<String>),
}

/// A word that is no entitlement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no entitlement `{0}`")]
pub struct UnknownEntitlement(pub String);

impl FromStr for Entitlement {
    type Err = UnknownEntitlement;

    fn from_str(text: &str) -> Result<Self, UnknownEntitlement> {
        match text.split_once('=') {
            None if text == "network.host" => Ok(Self::NetworkHost),
            None if text == "security.insecure" => Ok(Self::SecurityInsecure),
            None if text == "device" => Ok(Self::Device(None)),
            Some(("device", name)) if !name.is_empty() => Ok(Self::Device(Some(name.to_owned()))),
            _ => Err(UnknownEntitlement(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entitlement, RunOptions};

    #[test]
    fn devices_are_allowed_by_name_or_all() {
        let of = |words: &[&str]| RunOptions {
            entitlements: words.iter().map(|word| word.parse().unwrap()).collect(),
            ..RunOptions::default()
        };
        let one = of(&["device=a.com/x=1"]);
        assert!(one.allows_device("a.com/x=1") && !one.allows_device("a.com/x=2"));
        assert!(of(&["device"]).allows_device("/dev/fuse"));
        assert!(!of(&["security.insecure", "network.host"]).allows_device("/dev/fuse"));
        for word in ["", "device=", "network", "fs.read=/"] {
            assert!(word.parse::<Entitlement>().is_err(), "{word}");
        }
    }
}
