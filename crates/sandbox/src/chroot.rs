//! A sandbox without namespaces and mounts: a chroot(2), for root where the kernel allows neither, as in a container.
//!
//! The program sees the caller's processes (if it finds a way to see any), network and host name, and nothing is mounted
//! in its root. What holds all the same: it does not get out of its root the usual way, which takes `CAP_SYS_CHROOT`; having less
//! than the caller it cannot trace it (ptrace(2)); and none of its processes outlives it or the caller.

pub(crate) mod descendants;
mod surroundings;

use rootfs::Root;
use rustix::process::{chroot, fchdir};

use crate::privileges::{self, Grant};
use crate::protocol::{At, Failure, Report};
use crate::step::Step;
use crate::{
    Capabilities, Capability, KernelAccess, Process, Sandbox, cgroup, stdio, survey, ulimit,
    working_directory,
};

pub(crate) use descendants::STOP;
pub use surroundings::{fill_dev, fill_proc, make_output};

/// In the child: everything up to the credentials. The process that goes on is a child of the one that called.
pub(crate) fn build(
    sandbox: Sandbox,
    process: &Process,
    filter: &[u8],
    report: &Report,
) -> Result<(), Failure> {
    // Two, so that what is left is killed also if one of them is.
    descendants::split(report)?;
    descendants::split(report)?;
    rustix::process::setsid().at(Step::Session)?;
    cgroup::enter(&sandbox.cgroups)?;
    let own = survey::permitted().at(Step::SetCapabilities)?;
    let root = Root::from_fd(sandbox.root);
    fchdir(root.fd())
        .and_then(|()| chroot("."))
        .at(Step::ChangeRoot)?;
    working_directory::enter(&root, &process.cwd)?;
    stdio::give_to(process)?;
    ulimit::set(&sandbox.ulimits)?;
    let grant = Grant {
        capabilities: granted(sandbox.capabilities, own, sandbox.kernel),
        no_new_privileges: sandbox.no_new_privileges,
        // Without CAP_SYS_ADMIN there could only be one that breaks sudo and the like (seccomp(2)). Where that is missing
        // the container has a filter of its own.
        filter: match own.contains(Capability::SysAdmin) {
            true => filter,
            false => &[],
        },
        // Who may change the root has all IDs.
        supervisor: None,
        recorder: None,
    };
    privileges::become_user(&process.user, grant)
}

/// What the program may do at most, of what is asked for.
fn granted(asked: Capabilities, own: Capabilities, access: KernelAccess) -> Capabilities {
    // Who lacks this cannot give up anything for good.
    let can_limit = own.contains(Capability::Setpcap);
    match access {
        KernelAccess::Guarded if can_limit => asked.without(Capability::SysChroot),
        _ => asked,
    }
    .intersection(own)
}
