//! What this machine allows, tried where trying leaves nothing behind.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::machine::Machine;
use crate::mount;
use crate::step::Step;
use crate::sys::{self, Depth};
use crate::user_namespace::Trial;
use crate::{
    Capabilities, Capability, Error, Isolation, Process, Sandbox, Stdio, User, emulation,
    processes, supervisor,
};

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

/// Whether sandboxes share the processes of this one, as the kernel refuses them a `/proc` of their own: in a container of somebody's
/// whose `/proc` is covered in parts. To be asked by who is root, of a user namespace if need be.
#[must_use]
pub fn shares_processes() -> bool {
    processes::are_shared()
}

/// Whether a sandbox has to be a [chroot](crate::Isolation::Chroot): where there is neither the power to make namespaces and mounts,
/// nor leave to use it, and there is that of chroot(2).
#[must_use]
pub fn needs_chroot() -> bool {
    let own = own_capabilities().unwrap_or(Capabilities::NONE);
    match (
        own.contains(Capability::SysChroot),
        own.contains(Capability::SysAdmin),
    ) {
        (false, _) => false,
        (true, false) => true,
        // Who is confined by nobody need not be tried.
        (true, true) => is_confined() && try_sandbox().is_err(),
    }
}

/// Whether a system call filter or AppArmor has a say.
fn is_confined() -> bool {
    let profile = fs::read_to_string("/proc/self/attr/current").unwrap_or_default();
    Filters::survey().confined || !matches!(profile.trim_matches(['\n', '\0']), "" | "unconfined")
}

/// Runs this program in a sandbox that is a chroot(2), into the present root.
///
/// # Errors
/// The step that the kernel refused.
pub fn try_chroot() -> Result<(), Error> {
    let failed = |source| Error::Kernel {
        step: Step::ExecuteSelf,
        object: String::new(),
        source,
    };
    let program = std::env::current_exe().map_err(failed)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::openat(CWD, "/", flags, Mode::empty())
        .map_err(|errno| Error::kernel(Step::ChangeRoot, "/", errno))?;
    let sandbox = Sandbox {
        isolation: Isolation::Chroot,
        ..Sandbox::new(root)
    };
    let process = Process {
        args: vec![program.into(), "--version".into()],
        env: Vec::new(),
        cwd: "/".into(),
        user: User::default(),
        terminal: None,
    };
    let mut child = crate::spawn(&sandbox, &process, Stdio::null()?)?;
    child.wait().map(drop)
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

/// Whether this process may take on other users and groups.
pub(crate) fn may_set_ids() -> bool {
    own_capabilities()
        .is_ok_and(|own| own.contains(Capability::Setuid) && own.contains(Capability::Setgid))
}

/// What this process may have in effect.
pub(crate) fn permitted() -> Result<Capabilities, Errno> {
    let sets = rustix::thread::capabilities(None)?;
    Ok(Capabilities::from_bits(sets.permitted.bits()))
}

/// Why root may not make namespaces and mounts here, and who can change that. It is a hint: what is missing first.
#[must_use]
pub fn why_denied() -> &'static str {
    let own = own_capabilities().unwrap_or(Capabilities::NONE);
    let has_power = own.contains(Capability::SysAdmin);
    match (has_power, sys::is_unshare_filtered()) {
        (false, _) if !own.contains(Capability::SysChroot) => {
            "root lacks CAP_SYS_ADMIN and CAP_SYS_CHROOT here; who starts this container can give it the second, with which \
             steps run in a chroot: docker run without --cap-drop; in Kubernetes, capabilities.add: [CHOWN, DAC_OVERRIDE, \
             FOWNER, FSETID, MKNOD, SETFCAP, SETGID, SETUID, SETPCAP, KILL, SYS_CHROOT]"
        }
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
