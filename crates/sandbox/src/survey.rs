//! What this machine allows, tried where trying leaves nothing behind.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};

use crate::machine::Machine;
use crate::mount;
use crate::step::Step;
use crate::sys::{self, Depth};
use crate::user_namespace::Trial;
use crate::{Capabilities, Capability, Error, emulation, supervisor};

/// Makes a user namespace in a child, which is gone afterwards.
///
/// # Errors
/// What forbids it; the error's hint says who can change that.
pub fn try_user_namespace() -> Result<(), Error> {
    Trial::start().map(drop)
}

/// Runs the smallest program there is in a sandbox that has all that a sandbox has.
///
/// # Errors
/// The step that the kernel refused.
pub fn try_sandbox() -> Result<(), Error> {
    emulation::runs_in_sandbox(Machine::host()).map(drop)
}

/// Whether users and owners can be made up where a user namespace has a single ID.
#[must_use]
pub fn can_supervise() -> bool {
    supervisor::is_possible()
}

/// Makes a mount of the directory in which root's files are another user's, and attaches it nowhere.
///
/// # Errors
/// The step that the kernel refused: often for want of privilege over the file system.
pub fn try_idmapped_mount(directory: &Path) -> Result<(), Error> {
    let shown = || directory.to_string_lossy();
    let trial = Trial::start()?;
    for map in ["uid_map", "gid_map"] {
        let file = format!("/proc/{}/{map}", trial.pid());
        fs::write(&file, "0 1 1\n").map_err(map_failed(&file))?;
    }
    let file = format!("/proc/{}/ns/user", trial.pid());
    let namespace = fs::File::open(&file).map_err(map_failed(&file))?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, directory, flags, Mode::empty())
        .and_then(|opened| mount::bind(opened, Depth::Single))
        .map_err(|errno| Error::kernel(Step::CloneMount, shown(), errno))
        .and_then(|bound| {
            sys::map_mount_ids(bound.as_fd(), namespace.as_fd())
                .map_err(|errno| Error::kernel(Step::MapMount, shown(), errno))
        })
}

fn map_failed(file: &str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Kernel {
        step: Step::MapIds,
        object: file.to_owned(),
        source,
    }
}

/// What the kernel has of seccomp(2), and what it does to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filters {
    /// Whether there are filters at all.
    pub available: bool,
    /// Whether a filter can ask another process (`SECCOMP_RET_USER_NOTIF`, Linux 5.0).
    pub notification: bool,
    /// Whether a process that was asked about can only be killed meanwhile (`WAIT_KILLABLE_RECV`, Linux 5.19).
    pub wait_killable: bool,
    /// Whether this process is under a filter itself, as in a container.
    pub confined: bool,
    /// Whether set-user-ID programs give this process nothing (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privileges: bool,
}

impl Filters {
    /// Looks.
    #[must_use]
    pub fn survey() -> Self {
        let notification = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
        let killable = libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let is_on = |key: &str, value: &str| {
            let mut values = status.lines().filter_map(|line| line.strip_prefix(key));
            values.any(|found| found.trim() == value)
        };
        Self {
            available: sys::knows_filter_flags(0),
            notification: sys::knows_filter_flags(notification),
            wait_killable: sys::knows_filter_flags(notification | killable),
            confined: is_on("Seccomp:", "2"),
            no_new_privileges: is_on("NoNewPrivs:", "1"),
        }
    }
}

/// The capabilities of this process.
fn own_capabilities() -> Result<Capabilities, Error> {
    let sets = rustix::thread::capabilities(None)
        .map_err(|errno| Error::kernel(Step::SetCapabilities, "", errno))?;
    Ok(Capabilities::from_bits(sets.effective.bits()))
}

/// Why root may not make namespaces and mounts here, and who can change that. It is a hint: what is missing first.
#[must_use]
pub fn why_denied() -> &'static str {
    let capabilities = own_capabilities();
    let has_power = capabilities.is_ok_and(|own| own.contains(Capability::SysAdmin));
    match (has_power, sys::is_unshare_filtered()) {
        // Docker's profile lets nobody call pivot_root(2).
        (false, _) => {
            "root lacks CAP_SYS_ADMIN here, as in a container; who starts that can give it: docker run --cap-add \
             SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined, with a volume for the \
             store; in Kubernetes, capabilities.add: [SYS_ADMIN] and seccompProfile.type: Unconfined"
        }
        (true, true) => {
            "a system call filter (seccomp) forbids it; who starts this container can lift it: docker run \
             --security-opt seccomp=unconfined"
        }
        (true, false) => {
            "a security module forbids it; who starts this container can lift it: docker run --security-opt \
             apparmor=unconfined --security-opt label=disable"
        }
    }
}
