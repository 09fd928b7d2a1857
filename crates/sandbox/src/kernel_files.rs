//! `/proc` and `/sys`: fresh ones, with the parts hidden or protected that concern the host. The lists are Docker's.
//!
//! Everything is reached through the descriptor of the fresh mount, never through the root, so that nothing in the
//! image can stand in for it; what masks is opened on the host, where no image has a say.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rootfs::Root;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::Network;
use crate::devices;
use crate::mount::{self, DATA};
use crate::mount_point::{self, Form};
use crate::protocol::{At, Failure};
use crate::scratch::Scratch;
use crate::step::Step;
use crate::sys::Depth;

/// Parts of `/proc` that are hidden: they tell about the host, or act on it.
const MASKED_PROC: [&str; 10] = [
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
];

/// Parts of `/proc` that can only be read.
const READ_ONLY_PROC: [&str; 5] = ["bus", "fs", "irq", "sys", "sysrq-trigger"];

/// Parts of `/sys` that are hidden.
const MASKED_SYS: [&str; 2] = ["firmware", "devices/virtual/powercap"];

/// Which processes `/proc` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processes {
    /// Those of the new PID namespace.
    Own,
    /// The caller's: see [`processes`](crate::processes).
    Callers,
}

impl Processes {
    /// A mount of `/proc`.
    fn mount(self) -> Result<OwnedFd, Errno> {
        match self {
            Self::Own => mount::new("proc", &[], DATA),
            Self::Callers => bind_host("/proc", DATA),
        }
    }
}

/// Mounts `/proc`.
pub(crate) fn mount_proc(
    root: &Root,
    processes: Processes,
    network: Network,
    scratch: &Scratch,
) -> Result<(), Failure> {
    let proc = processes.mount().on(Step::MountProc, "/proc")?;
    let target = mount_point::open_or_make_top(root, "proc")?;
    mount::attach(&proc, target).on(Step::MountProc, "/proc")?;
    if network != Network::Host {
        open_low_ports(&proc);
    }
    for path in READ_ONLY_PROC {
        protect(&proc, path).on(Step::ProtectPath, Path::new("/proc").join(path))?;
    }
    mask(&proc, "/proc", &MASKED_PROC, scratch)
}

/// Mounts `/sys`, read-only.
pub(crate) fn mount_sys(root: &Root, scratch: &Scratch) -> Result<(), Failure> {
    let attributes = DATA | MountAttrFlags::MOUNT_ATTR_RDONLY;
    let sys = match mount::new("sysfs", &[], attributes) {
        // A user namespace on a network that it does not own: sysfs shows the network's devices.
        Err(Errno::PERM) => bind_host("/sys", attributes),
        made => made,
    }
    .on(Step::MountSys, "/sys")?;
    let target = mount_point::open_or_make_top(root, "sys")?;
    mount::attach(&sys, target).on(Step::MountSys, "/sys")?;
    mask(&sys, "/sys", &MASKED_SYS, scratch)
}

/// Mounts `/proc` and `/sys` as a process has them that nothing is kept from, with the host's control groups.
pub(crate) fn mount_open(
    root: &Root,
    processes: Processes,
    network: Network,
) -> Result<(), Failure> {
    let proc = processes.mount().on(Step::MountProc, "/proc")?;
    let target = mount_point::open_or_make_top(root, "proc")?;
    mount::attach(&proc, target).on(Step::MountProc, "/proc")?;
    if network != Network::Host {
        open_low_ports(&proc);
    }
    let (sys, bound) = match mount::new("sysfs", &[], DATA) {
        // As in `mount_sys`; this one has the control groups on it.
        Err(Errno::PERM) => (bind_host("/sys", DATA), true),
        made => (made, false),
    };
    let sys = sys.on(Step::MountSys, "/sys")?;
    let target = mount_point::open_or_make_top(root, "sys")?;
    mount::attach(&sys, target).on(Step::MountSys, "/sys")?;
    match bound {
        true => Ok(()),
        false => mount_cgroups(&sys).on(Step::MountSys, "/sys/fs/cgroup"),
    }
}

/// Mounts the host's control groups on a `/sys`, if it has any.
fn mount_cgroups(sys: &OwnedFd) -> Result<(), Errno> {
    match open(sys, "fs/cgroup", INSIDE)? {
        Some(target) => mount::attach(bind_host("/sys/fs/cgroup", DATA)?, target),
        None => Ok(()),
    }
}

/// A directory of the host with what is mounted on it; a user namespace cannot uncover what that covers.
fn bind_host(path: &str, attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
    let bound = mount::bind(directory, Depth::Recursive)?;
    mount::restrict(&bound, Depth::Recursive, attributes)?;
    Ok(bound)
}

/// Lets everyone listen on ports below 1024, as Docker does: on a network of one's own they are nothing special, and
/// a server that does not run as root has no capability for them.
fn open_low_ports(proc: &OwnedFd) {
    let path = "sys/net/ipv4/ip_unprivileged_port_start";
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat2(proc, path, flags, Mode::empty(), INSIDE);
    // A kernel without the setting does as it always did.
    let _ = opened.and_then(|file| rustix::io::write(file, b"0"));
}

/// Resolution that stays below a mount's root.
const ACROSS: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS);

/// Resolution that does not leave a mount.
const INSIDE: ResolveFlags = ACROSS.union(ResolveFlags::NO_XDEV);

fn open(mount: &OwnedFd, path: &str, resolve: ResolveFlags) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat2(mount, path, flags, Mode::empty(), resolve) {
        Ok(fd) => Ok(Some(fd)),
        // Not every kernel has all of them.
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn protect(proc: &OwnedFd, path: &str) -> Result<(), Errno> {
    // A container's own has other mounts on it.
    let Some(object) = open(proc, path, ACROSS)? else {
        return Ok(());
    };
    let bound = mount::bind(&object, Depth::Recursive)?;
    mount::restrict(
        &bound,
        Depth::Recursive,
        DATA | MountAttrFlags::MOUNT_ATTR_RDONLY,
    )?;
    mount::attach(bound, object)
}

fn mask(
    mounted: &OwnedFd,
    mount_path: &str,
    paths: &[&str],
    scratch: &Scratch,
) -> Result<(), Failure> {
    let null = devices::host_null()?;
    for path in paths {
        mask_one(mounted, path, &null, scratch)
            .on(Step::MaskPath, PathBuf::from(mount_path).join(path))?;
    }
    Ok(())
}

fn mask_one(mounted: &OwnedFd, path: &str, null: &OwnedFd, scratch: &Scratch) -> Result<(), Errno> {
    // Other mounts are crossed: the parts that were made read-only, and what is on a `/sys` or `/proc` of the host.
    let Some(object) = open(mounted, path, ACROSS)? else {
        return Ok(());
    };
    let mask = match Form::of(&object)? {
        Form::Directory => scratch.empty_directory()?,
        Form::File => {
            let bound = mount::bind(null, Depth::Single)?;
            let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
            mount::restrict(&bound, Depth::Single, attributes)?;
            bound
        }
    };
    mount::attach(mask, object)
}
