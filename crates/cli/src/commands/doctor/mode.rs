//! How carafe builds on a machine.

use super::facts::Facts;
use sandbox::Identity;
use std::time::Duration;

/// The ways, the best one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// As root: of the machine, or of a namespace with this many user ids that was there already.
    Root { ids: u64, supervised: bool },
    /// As root of an own user namespace with subordinate ids.
    Subordinate {
        uids: u64,
        gids: u64,
        took: Duration,
    },
    /// As root of an own user namespace that has no other id.
    Single {
        why: String,
        took: Duration,
        /// Whether the kernel has what it takes to make others up.
        supervised: bool,
    },
    /// As root without namespaces and mounts: in a chroot.
    Chroot,
    /// Not at all, or (for `root`) just what needs no mount.
    None { root: bool },
}

/// As many as a namespace has that is no other than the machine's.
const ALL: u64 = u32::MAX as u64;

impl Mode {
    /// The mode of a build, if all else works.
    pub(super) fn of(facts: &Facts) -> Self {
        let works = matches!(facts.sandbox, Some(Ok(_)))
            && facts.site.as_ref().is_ok_and(|site| site.overlay.is_ok());
        match &facts.identity {
            Ok(_) if facts.has_chroot() && facts.site.is_ok() => Self::Chroot,
            Ok((identity, took)) if works => Self::of_identity(identity, *took, facts),
            _ => Self::None {
                root: facts.identity.is_ok(),
            },
        }
    }

    fn of_identity(identity: &Identity, took: Duration, facts: &Facts) -> Self {
        let supervised = facts.supervised;
        match identity {
            Identity::Subordinate { uids, gids } => Self::Subordinate {
                uids: *uids,
                gids: *gids,
                took,
            },
            Identity::Single { reason } => Self::Single {
                why: reason.to_string(),
                took,
                supervised,
            },
            _ => Self::Root {
                ids: facts.ids,
                supervised,
            },
        }
    }

    /// For programs.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Root { .. } => "root",
            Self::Subordinate { .. } => "subordinate",
            Self::Single { .. } => "single",
            Self::Chroot => "chroot",
            Self::None { .. } => "none",
        }
    }

    pub(super) fn description(&self) -> String {
        match self {
            Self::Root { ids: ALL, .. } => "root".to_owned(),
            Self::Root { ids, .. } => format!("root of a user namespace with {ids} ids"),
            Self::Subordinate { uids, gids, .. } => {
                format!("ordinary user with subordinate ids: {uids} user ids, {gids} group ids")
            }
            Self::Single { why, .. } => format!("ordinary user with a single id: {why}"),
            Self::Chroot => "root in a chroot, without namespaces and mounts".to_owned(),
            Self::None { .. } => "none".to_owned(),
        }
    }

    /// What it costs, against root.
    pub(super) fn cost(&self) -> String {
        let (took, whose) = match self {
            Self::Root { .. } | Self::None { .. } => return String::new(),
            Self::Chroot => {
                return "costs a copy of the image's files in each stage, and a look at all of them in each step".to_owned();
            }
            Self::Subordinate { took, .. } => (took, "newuidmap and newgidmap"),
            Self::Single { took, .. } => (took, "the user namespace"),
        };
        let milliseconds = took.as_secs_f64() * 1e3;
        let steps = match self {
            Self::Single {
                supervised: true, ..
            } => {
                "a step costs 1 to 2 ms more than root's, and programs that look at many files take longer"
            }
            _ => "steps cost what root's do",
        };
        format!("costs {milliseconds:.1} ms at the start of a command, for {whose}; {steps}")
    }

    /// What does not work.
    pub(super) fn limits(&self, shares_processes: bool) -> Vec<String> {
        const NO_DEVICES: &str = "no device nodes in layers (mknod is refused)";
        const MADE_UP: &str = "users and owners come out right, but hold nobody off: USER app can write what root can";
        const NO_32_BITS: &str = "no 32-bit programs in a RUN";
        const SINGLE: &str = "no files of others than root: chown, USER, useradd and apt-get fail; that takes \
             Linux 5.19, and kernel.yama.ptrace_scope below 3";
        const NO_MOUNTS: &str =
            "no RUN; what takes no mount can be built (COPY into a directory that it makes)";
        const IN_CHROOT: &[&str] = &[
            "no processes in /proc, nothing in /sys, and no host name, network (--network=none) or read-only mounts of a step's own",
            "steps are not isolated from this machine's processes and network",
            "no containers (run, exec)",
        ];
        const IN_SHARED_PROC: &[&str] = &[
            "steps see this container's processes, and can signal those of this user",
            "no containers (run, exec)",
        ];
        let limits: &[&str] = match self {
            Self::Chroot => IN_CHROOT,
            Self::None { root: true } => &[NO_MOUNTS],
            Self::Root { ids: ALL, .. } | Self::None { .. } => &[],
            Self::Root { ids: 1, supervised } | Self::Single { supervised, .. } => match supervised
            {
                true => &[MADE_UP, NO_32_BITS],
                false => &[SINGLE, NO_DEVICES],
            },
            Self::Root { .. } | Self::Subordinate { .. } => &[NO_DEVICES],
        };
        let shared: &[&str] = match (self, shares_processes) {
            (Self::Chroot | Self::None { .. }, _) | (_, false) => &[],
            (_, true) => IN_SHARED_PROC,
        };
        let limits = limits.iter().chain(shared);
        limits.map(|&limit| limit.to_owned()).collect()
    }
}
