//! What stands for `/dev` and `/proc` where nothing can be mounted: files that are made in empty directories of the root.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rootfs::{Attributes, Dir, Node};
use rustix::fs::{Mode, OFlags};

use crate::devices::NODES;
use crate::{Device, devices};

/// Files of the caller's `/proc` that tell about the machine, and not about processes.
const OF_MACHINE: [&str; 7] = [
    "cpuinfo",
    "filesystems",
    "loadavg",
    "meminfo",
    "stat",
    "uptime",
    "version",
];

/// Makes in the empty directory `dev` what every program may count on, and the devices that were asked for.
///
/// Where a device cannot be made or opened (no `CAP_MKNOD`, a file system that is mounted with `nodev`) `/dev/null` is an
/// ordinary file, and the others are missing.
///
/// # Errors
/// When something else cannot be made.
pub fn fill_dev(dev: &Dir, devices: &[Device]) -> Result<(), rootfs::Error> {
    for (name, major, minor) in NODES {
        if !make_node(dev, name, Node::Char(major, minor))? && name == "null" {
            dev.create_file(name, 0o600)?;
            dev.set_mode(name, 0o666)?;
        }
    }
    // There is no other terminal than the caller's, and nothing in /proc that would lead to what is open.
    dev.symlink("stdin", "null")?;
    let numbered = dev.create_dir("fd", 0o755)?;
    for (number, target) in ["../stdin", "../stdout", "../stderr"].iter().enumerate() {
        numbered.symlink(number.to_string(), target)?;
    }
    dev.mkdir("pts", 0o755)?;
    dev.mkdir("mqueue", 0o755)?;
    dev.mkdir("shm", 0o755)?;
    dev.set_mode("shm", 0o1777)?;
    devices
        .iter()
        .filter(|device| devices::is_possible(&device.path))
        .try_for_each(|device| make_asked(dev, device))
}

/// Makes `/dev/stdout` or `/dev/stderr`, by name: a named pipe, from which the caller reads, and which the process gets as its
/// output. So who opens it by its name writes to the same. The ends to read and to write are answered.
///
/// # Errors
/// When it cannot be made.
pub fn make_output(dev: &Dir, name: &'static str) -> Result<(OwnedFd, OwnedFd), rootfs::Error> {
    dev.mknod(name, Node::Fifo, 0o622)?;
    dev.set_mode(name, 0o622)?;
    let open = |access| {
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(dev, name, flags, Mode::empty())
    };
    // The first end must not wait for the second: fifo(7).
    let ends = open(OFlags::RDONLY | OFlags::NONBLOCK).and_then(|read| {
        let write = open(OFlags::WRONLY)?;
        rustix::fs::fcntl_setfl(&read, OFlags::empty())?;
        Ok((read, write))
    });
    ends.map_err(|errno| failed("open", dev, name)(errno.into()))
}

/// Puts what the caller's `/proc` tells of the machine into the empty directory `proc`.
///
/// # Errors
/// When a file cannot be made.
pub fn fill_proc(proc: &Dir) -> Result<(), rootfs::Error> {
    for name in OF_MACHINE {
        let Ok(content) = fs::read(Path::new("/proc").join(name)) else {
            continue;
        };
        let file = proc.create_file(name, 0o444)?;
        std::io::Write::write_all(&mut &file, &content).map_err(failed("write", proc, name))?;
    }
    Ok(())
}

fn failed(
    operation: &'static str,
    dir: &Dir,
    name: &str,
) -> impl FnOnce(std::io::Error) -> rootfs::Error {
    let path = dir.path().join(name);
    move |source| rootfs::Error::Io {
        operation,
        path,
        source,
    }
}

/// Makes a node for everybody. Whether it can be opened.
fn make_node(dev: &Dir, name: &str, node: Node) -> Result<bool, rootfs::Error> {
    match dev.mknod(name, node, 0o666) {
        Err(e) if e.io_kind() == Some(ErrorKind::PermissionDenied) => return Ok(false),
        made => made?,
    }
    dev.set_mode(name, 0o666)?;
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(dev, name, flags, Mode::empty());
    let refused = matches!(
        opened,
        Err(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM)
    );
    if refused {
        dev.remove_file(name)?;
    }
    Ok(!refused)
}

/// Makes a node as the caller has it. One that is there already stays.
fn make_asked(dev: &Dir, device: &Device) -> Result<(), rootfs::Error> {
    let below = device.path.strip_prefix("/dev").unwrap_or(&device.path);
    let host = fs::metadata(&device.host).map_err(|source| rootfs::Error::Io {
        operation: "examine",
        path: device.host.clone(),
        source,
    })?;
    let (major, minor) = (
        rustix::fs::major(host.rdev()),
        rustix::fs::minor(host.rdev()),
    );
    let node = match host.file_type().is_block_device() {
        true => Node::Block(major, minor),
        false => Node::Char(major, minor),
    };
    let mut dir = dev.try_clone()?;
    let (parents, name) = (below.parent(), below.file_name().unwrap_or_default());
    for component in parents.into_iter().flat_map(Path::components) {
        let component = component.as_os_str();
        if dir.stat(component)?.is_none() {
            dir.mkdir(component, 0o755)?;
        }
        dir = dir.open_dir(component)?;
    }
    if dir.stat(name)?.is_some() {
        return Ok(());
    }
    dir.mknod(name, node, host.mode() & 0o777)?;
    let owner = Attributes {
        mode: Some(host.mode() & 0o777),
        owner: Some((host.uid(), host.gid())),
        mtime: None,
    };
    dir.set_attributes(name, &owner)
}
