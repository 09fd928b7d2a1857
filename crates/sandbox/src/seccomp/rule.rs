//! When a system call is allowed.

use super::bpf::{Condition, Verdict};
use crate::{Capabilities, Capability};

/// Errno of a call that the kernel does not have.
pub(super) const NO_SUCH_CALL: u16 = libc::ENOSYS as u16;

/// The flags of clone(2) that make a namespace: `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const NAMESPACE_FLAGS: u32 = 0x7E02_0000;

/// The execution domains (personality(2)) that change nothing of weight: Linux, `UNAME26`, both with
/// `PER_LINUX32`, and the question for the present one.
const PERSONALITIES: &[(u32, u32)] = &[
    (0, 0),
    (0x8, 0x8),
    (0x2_0000, 0x2_0000),
    (0x2_0008, 0x2_0008),
    (u32::MAX, u32::MAX),
];

/// The socket families of Docker's list. Not in it: those that the kernel has dropped, `AF_ALG` (38: kernel
/// cryptography, holes before) and `AF_VSOCK` (40: reaches the hypervisor past the network namespace).
const SOCKET_FAMILIES: &[(u32, u32)] = &[
    (0, 11),
    (13, 18),
    (21, 22),
    (24, 24),
    (26, 33),
    (35, 36),
    (39, 39),
    (41, 45),
];

/// The rule of one system call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Allowed.
    Always,
    /// Allowed to who can have one of these.
    With(&'static [Capability]),
    /// clone(2): without `CAP_SYS_ADMIN`, no new namespaces.
    Clone,
    /// clone3(2): its flags are behind a pointer that a filter cannot follow, so that without `CAP_SYS_ADMIN` it
    /// must not exist; C libraries then use clone(2).
    Clone3,
    /// socket(2): known address families.
    Socket,
    /// personality(2): harmless execution domains.
    Personality,
}

impl Rule {
    /// What the call is answered for a process that can have `capabilities`.
    pub(super) fn verdict(self, capabilities: Capabilities) -> Verdict {
        let administrator = capabilities.contains(Capability::SysAdmin);
        match self {
            Self::Always => Verdict::Allow,
            Self::With(some) if some.iter().any(|&one| capabilities.contains(one)) => {
                Verdict::Allow
            }
            Self::With(_) => Verdict::REFUSE,
            Self::Clone | Self::Clone3 if administrator => Verdict::Allow,
            Self::Clone => Verdict::AllowIf(Condition::FirstHasNone(NAMESPACE_FLAGS)),
            Self::Clone3 => Verdict::Fail(NO_SUCH_CALL),
            Self::Socket => Verdict::AllowIf(Condition::FirstIn(SOCKET_FAMILIES)),
            Self::Personality => Verdict::AllowIf(Condition::FirstIn(PERSONALITIES)),
        }
    }
}
