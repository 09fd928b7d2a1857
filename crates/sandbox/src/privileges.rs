//! From the power to build a sandbox to that of the user in it: user and groups (credentials(7)), capabilities
//! (capabilities(7)), the system call filter.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::supervisor::recorder::{self, LastIds};
use crate::{Capabilities, Capability, User, supervisor, sys};

/// What a process, and all that it starts, may do.
#[derive(Clone, Copy)]
pub(crate) struct Grant<'a> {
    /// The most that it can ever have.
    pub(crate) capabilities: Capabilities,
    pub(crate) no_new_privileges: bool,
    /// The system call filter; empty for none.
    pub(crate) filter: &'a [u8],
    /// The way to the supervisor, if there is one.
    pub(crate) supervisor: Option<BorrowedFd<'a>>,
    /// The way to who records owners beyond the last IDs, and these.
    pub(crate) recorder: Option<(BorrowedFd<'a>, LastIds)>,
}

/// Becomes `user`, who may do what `grant` says.
pub(crate) fn become_user(user: &User, grant: Grant<'_>) -> Result<(), Failure> {
    limit(grant.capabilities)?;
    // While this is still root: without no_new_privs, which would break sudo and the like, a filter takes
    // CAP_SYS_ADMIN. The calls that follow are all allowed by it.
    if !grant.filter.is_empty() {
        sys::install_filter(grant.filter).at(Step::InstallFilter)?;
    }
    match grant.supervisor {
        // Who the user is only the supervisor knows. For the kernel there is but one.
        Some(socket) => {
            supervisor::submit(socket)?;
            set_capabilities(&User::default(), grant.capabilities)?;
        }
        None => {
            if let Some((socket, last)) = grant.recorder {
                recorder::submit(socket, last)?;
            }
            set_ids(user)?;
            set_capabilities(user, grant.capabilities)?;
        }
    }
    match grant.no_new_privileges {
        true => rustix::thread::set_no_new_privs(true).at(Step::NoNewPrivileges),
        false => Ok(()),
    }
}

fn set_ids(user: &User) -> Result<(), Failure> {
    set_groups(&user.groups)?;
    // The groups first: a user that is not root cannot set them.
    let gid = Gid::from_raw(user.gid);
    rustix::thread::set_thread_res_gid(gid, gid, gid).on(Step::SetGroup, user.gid.to_string())?;
    let uid = Uid::from_raw(user.uid);
    rustix::thread::set_thread_res_uid(uid, uid, uid).on(Step::SetUser, user.uid.to_string())
}

/// Drops all but `capabilities` from the bounding set, so that no set-user-ID program brings them back.
fn limit(capabilities: Capabilities) -> Result<(), Failure> {
    for &capability in Capability::EVERY {
        if capabilities.contains(capability) {
            continue;
        }
        let set = CapabilitySet::from_bits_retain(Capabilities::NONE.with(capability).bits());
        match rustix::thread::remove_capability_from_bounding_set(set) {
            // A capability that is younger than the kernel.
            Ok(()) | Err(Errno::INVAL) => {}
            // Who may not give up anything has perhaps nothing to give up.
            Err(Errno::PERM) if !is_in_bounding_set(set) => {}
            Err(errno) => {
                return Err(errno).on(Step::LimitCapabilities, capability.to_string());
            }
        }
    }
    Ok(())
}

fn is_in_bounding_set(capability: CapabilitySet) -> bool {
    rustix::thread::capability_is_in_bounding_set(capability).unwrap_or(true)
}

fn set_groups(groups: &[u32]) -> Result<(), Failure> {
    let gids: Vec<Gid> = groups.iter().map(|&gid| Gid::from_raw(gid)).collect();
    match rustix::thread::set_thread_groups(&gids) {
        // A user namespace of a single id, where the groups cannot be changed at all: user_namespaces(7). They are
        // the caller's own, and none of them has a number here. Nobody asked for others, so they stay.
        Err(Errno::PERM) if groups.is_empty() || groups == [0] => Ok(()),
        set => set.on(Step::SetGroups, list(groups)),
    }
}

/// Root has the capabilities, others have none: as execve(2) will have it, but from now on. Nothing is inheritable
/// (CVE-2022-24769).
fn set_capabilities(user: &User, capabilities: Capabilities) -> Result<(), Failure> {
    let had = rustix::thread::capabilities(None).at(Step::SetCapabilities)?;
    let granted = match user.uid {
        0 => capabilities.intersection(Capabilities::from_bits(had.permitted.bits())),
        _ => Capabilities::NONE,
    };
    let granted = CapabilitySet::from_bits_retain(granted.bits());
    let sets = CapabilitySets {
        effective: granted,
        permitted: granted,
        inheritable: CapabilitySet::empty(),
    };
    // The ambient set needs no clearing: it cannot have what is not inheritable.
    rustix::thread::set_capabilities(None, sets).at(Step::SetCapabilities)
}

fn list(groups: &[u32]) -> String {
    let groups: Vec<String> = groups.iter().map(u32::to_string).collect();
    groups.join(",")
}
