//! What a supervisor may do to files and processes.

use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use crate::{Capabilities, Capability};

/// What it needs to know of the sandbox's own power.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Power {
    /// The most that processes of the sandbox can have.
    pub(crate) of_step: Capabilities,
    /// Whether the sandbox sees the processes of carafe's PID namespace: [`processes`](crate::processes).
    pub(crate) shares_processes: bool,
}

/// What is in effect but while a process is [looked into](looking_into), where that differs.
static SPARING: OnceLock<[CapabilitySets; 2]> = OnceLock::new();

impl Power {
    /// As a word of a command line.
    pub(super) fn to_word(self) -> String {
        let shared = match self.shares_processes {
            true => "shared",
            false => "own",
        };
        format!("{}:{shared}", self.of_step.bits())
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        let (bits, shared) = word.split_once(':')?;
        Some(Self {
            of_step: Capabilities::from_bits(bits.parse().ok()?),
            shares_processes: shared == "shared",
        })
    }

    /// Keeps what it takes to look into processes and to do with files what root does.
    ///
    /// Where the sandbox's `/proc` shows the processes outside, their roots are in there, too: no path of the sandbox may lead the supervisor
    /// where it does not lead the sandbox. The kernel asks who follows such a link for `CAP_SYS_PTRACE`, or for all that the
    /// other process has (ptrace(2)). So the supervisor has what the sandbox has, and that capability only when it needs it.
    pub(super) fn keep(self) -> Result<(), Errno> {
        let kept = [
            Capability::Chown,
            Capability::DacOverride,
            Capability::DacReadSearch,
            Capability::Fowner,
            Capability::Fsetid,
            Capability::Mknod,
            Capability::SysChroot,
            Capability::SysPtrace,
        ];
        let with = |all: Capabilities| kept.into_iter().fold(all, Capabilities::with);
        let kept = with(Capabilities::NONE);
        if !self.shares_processes {
            return set_capabilities(None, sets(kept, kept));
        }
        let permitted = rustix::thread::capabilities(None)?.permitted.bits();
        let all = with(self.of_step).intersection(Capabilities::from_bits(permitted));
        let usual = sets(all.without(Capability::SysPtrace), all);
        let [usual, _] = SPARING.get_or_init(|| [usual, sets(all, all)]);
        set_capabilities(None, *usual)
    }
}

fn sets(effective: Capabilities, permitted: Capabilities) -> CapabilitySets {
    CapabilitySets {
        effective: CapabilitySet::from_bits_retain(effective.bits()),
        permitted: CapabilitySet::from_bits_retain(permitted.bits()),
        inheritable: CapabilitySet::empty(),
    }
}

/// Does `work`, which is about the memory or the descriptors of a process that waits for an answer.
pub(super) fn looking_into<T>(work: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    let Some([usual, looking]) = SPARING.get() else {
        return work();
    };
    set_capabilities(None, *looking)?;
    let done = work();
    set_capabilities(None, *usual)?;
    done
}
