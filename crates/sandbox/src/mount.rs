//! Mounts as descriptors (the "new mount API": fsopen(2), fsmount(2), open_tree(2), move_mount(2)). A mount is made
//! detached, gets its attributes, and is attached to a place that is held open, so that nothing the image contains
//! (a symbolic link, say) can come in between.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use crate::sys::{self, Depth};

/// Attributes for what holds files that programs may run.
///
/// Every mount of a sandbox but those of single device nodes and of `devpts` has `NODEV`: root in a sandbox has
/// `CAP_MKNOD`, and where no user namespace stops it, a disk's node that it makes must not open the disk.
pub(crate) const PLAIN: MountAttrFlags =
    MountAttrFlags::MOUNT_ATTR_NODEV.union(MountAttrFlags::MOUNT_ATTR_NOSUID);

/// Attributes for what holds nothing to run.
pub(crate) const DATA: MountAttrFlags = PLAIN.union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Makes a detached mount of a new file system.
pub(crate) fn new(
    file_system: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd, Errno> {
    let context = fsopen(file_system, FsOpenFlags::FSOPEN_CLOEXEC)?;
    // What /proc/self/mounts shows as the device, where mount(8) would put its first argument.
    fsconfig_set_string(&context, "source", file_system)?;
    for (key, value) in options {
        fsconfig_set_string(&context, *key, *value)?;
    }
    fsconfig_create(&context)?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Makes a detached bind mount of the object that is open as `fd`, alone or with what is mounted below it.
pub(crate) fn bind(fd: impl AsFd, depth: Depth) -> Result<OwnedFd, Errno> {
    let recursive = match depth {
        Depth::Single => OpenTreeFlags::empty(),
        Depth::Recursive => OpenTreeFlags::AT_RECURSIVE,
    };
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    open_tree(fd, c"", flags | recursive)
}

/// Adds attributes to a mount.
pub(crate) fn restrict(
    mount: impl AsFd,
    depth: Depth,
    attributes: MountAttrFlags,
) -> Result<(), Errno> {
    sys::set_mount_attributes(
        mount.as_fd(),
        depth,
        attributes.bits().into(),
        MountPropagationFlags::empty(),
    )
}

/// Attaches a mount on top of the place that is open as `target`.
pub(crate) fn attach(mount: impl AsFd, target: impl AsFd) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, c"", target, c"", flags)
}

/// Attaches a mount on top of this process's root directory, where it covers nothing that is in use: what is open
/// stays what it is, and the root of the process too.
pub(crate) fn attach_on_root(mount: impl AsFd) -> Result<(), Errno> {
    move_mount(
        mount,
        c"",
        CWD,
        c"/",
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )
}
