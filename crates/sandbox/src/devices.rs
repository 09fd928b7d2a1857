//! `/dev`: a small tmpfs with the devices that every program may count on.
//!
//! The nodes are bound from the host's `/dev`: making them takes a privilege that root in a user namespace lacks, and
//! the tmpfs itself must not honour device nodes (see [`PLAIN`]).

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rootfs::Root;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::mount::{self, DATA, PLAIN};
use crate::mount_point;
use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::sys::Depth;
use crate::{Device, KernelAccess};

/// Devices with their numbers (admin-guide/devices.txt of the kernel).
pub(crate) const NODES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

/// Links with their targets.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// The terminal of the process: the file system that it is in, and its end for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console<'a> {
    pub(crate) devpts: BorrowedFd<'a>,
    pub(crate) end: BorrowedFd<'a>,
}

/// What is wanted on `/dev`, besides what every sandbox has.
pub(crate) struct Dev<'a> {
    pub(crate) access: KernelAccess,
    pub(crate) devices: &'a [Device],
    /// Bytes.
    pub(crate) shm_size: u64,
    pub(crate) console: Option<Console<'a>>,
}

/// Mounts `/dev` and what belongs on it.
pub(crate) fn mount(root: &Root, wanted: &Dev<'_>) -> Result<(), Failure> {
    let attributes = match wanted.access {
        KernelAccess::Guarded => PLAIN,
        KernelAccess::Open => MountAttrFlags::MOUNT_ATTR_NOSUID,
    };
    let dev = mount::new("tmpfs", &[("mode", "0755"), ("size", "65536k")], attributes)
        .on(Step::MountDev, "/dev")?;
    let target = mount_point::open_or_make_top(root, "dev")?;
    mount::attach(&dev, target).on(Step::MountDev, "/dev")?;
    for node in NODES {
        bind_node(&dev, node)?;
    }
    for (name, target) in LINKS {
        rustix::fs::symlinkat(target, &dev, name).on(Step::LinkDevice, shown(name))?;
    }
    mount_pts(&dev, wanted.console)?;
    for device in wanted.devices {
        bind_asked(&dev, device).on(Step::BindDevice, &device.host)?;
    }
    let size = wanted.shm_size.to_string();
    mount_below(&dev, "shm", "tmpfs", &[("mode", "1777"), ("size", &size)])
        .on(Step::MountDev, "/dev/shm")?;
    match mount_below(&dev, "mqueue", "mqueue", &[]) {
        // A kernel without POSIX message queues.
        Err(Errno::NODEV) => Ok(()),
        mounted => mounted.on(Step::MountDev, "/dev/mqueue"),
    }
}

/// Opens the host's node `/dev/null`, to mask files with.
pub(crate) fn host_null() -> Result<OwnedFd, Failure> {
    let (name, major, minor) = NODES[0];
    open_host_node(name, major, minor).on(Step::BindDevice, shown(name))
}

fn bind_node(dev: &OwnedFd, (name, major, minor): (&str, u32, u32)) -> Result<(), Failure> {
    open_host_node(name, major, minor)
        .and_then(|node| bind_file(dev, name, &node))
        .on(Step::BindDevice, shown(name))
}

/// Whether a device can be seen at `path`: below `/dev`, with nothing in it that leads elsewhere.
pub(crate) fn is_possible(path: &Path) -> bool {
    let Ok(below) = path.strip_prefix("/dev") else {
        return false;
    };
    below.file_name().is_some()
        && below
            .components()
            .all(|component| matches!(component, Component::Normal(_)))
}

/// Binds a device that was asked for. One that is there already stays.
fn bind_asked(dev: &OwnedFd, device: &Device) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let node = rustix::fs::openat(CWD, &device.host, flags, Mode::empty())?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&node)?.st_mode);
    if !kind.is_char_device() && !kind.is_block_device() {
        return Err(Errno::NODEV);
    }
    let below = device.path.strip_prefix("/dev").map_err(|_| Errno::INVAL)?;
    let name = below.file_name().ok_or(Errno::INVAL)?;
    let mut directory = dev.try_clone().map_err(|_| Errno::MFILE)?;
    for component in below.parent().into_iter().flat_map(Path::components) {
        directory = match make_directory(&directory, component.as_os_str()) {
            Err(Errno::EXIST) => open_directory(&directory, component.as_os_str())?,
            made => made?,
        };
    }
    match bind_file(&directory, name, &node) {
        Err(Errno::EXIST) => Ok(()),
        bound => bound,
    }
}

/// Opens a node of the host's `/dev` and makes sure that it is the device that it should be.
fn open_host_node(name: &str, major: u32, minor: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let node = rustix::fs::openat(CWD, shown(name), flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&node)?;
    let is_device = FileType::from_raw_mode(stat.st_mode).is_char_device();
    if !is_device || stat.st_rdev != rustix::fs::makedev(major, minor) {
        return Err(Errno::NODEV);
    }
    Ok(node)
}

/// Binds the object that is open as `source` on a new file.
fn bind_file(dev: &OwnedFd, name: impl rustix::path::Arg, source: impl AsFd) -> Result<(), Errno> {
    let bound = mount::bind(source, Depth::Single)?;
    mount::restrict(
        &bound,
        Depth::Single,
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dev, name, flags, Mode::from_raw_mode(0o644))?;
    mount::attach(&bound, file)
}

/// Mounts `devpts`: an instance of its own, so that the host's terminals are not seen.
fn mount_pts(dev: &OwnedFd, console: Option<Console<'_>>) -> Result<(), Failure> {
    let target = make_directory(dev, "pts").on(Step::MountDev, "/dev/pts")?;
    match console {
        None => new_devpts()
            .and_then(|devpts| mount::attach(&devpts, target))
            .on(Step::MountDev, "/dev/pts"),
        Some(Console { devpts, end }) => {
            mount::attach(devpts, target).on(Step::MountDev, "/dev/pts")?;
            bind_file(dev, "console", end).on(Step::BindDevice, "/dev/console")
        }
    }
}

/// Makes a detached `devpts`.
pub(crate) fn new_devpts() -> Result<OwnedFd, Errno> {
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let options = [("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")];
    match mount::new("devpts", &options, attributes) {
        // A user namespace that has no group 5 (tty).
        Err(Errno::INVAL) => mount::new("devpts", &options[..2], attributes),
        made => made,
    }
}

fn mount_below(
    dev: &OwnedFd,
    name: &str,
    file_system: &str,
    options: &[(&str, &str)],
) -> Result<(), Errno> {
    let mounted = mount::new(file_system, options, DATA)?;
    mount::attach(mounted, make_directory(dev, name)?)
}

fn make_directory(dev: &OwnedFd, name: impl AsRef<OsStr>) -> Result<OwnedFd, Errno> {
    rustix::fs::mkdirat(dev, name.as_ref(), Mode::from_raw_mode(0o755))?;
    open_directory(dev, name.as_ref())
}

fn open_directory(dev: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(dev, name, flags, Mode::empty())
}

fn shown(name: &str) -> PathBuf {
    Path::new("/dev").join(name)
}
