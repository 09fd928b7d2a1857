//! From the caller's root to the sandbox's.

use std::os::fd::BorrowedFd;

use rootfs::Root;
use rustix::mount::{MountAttrFlags, MountPropagationFlags, UnmountFlags, mount_change, unmount};

use crate::mount;
use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::sys::Depth;

/// Cuts this mount namespace off: no mount made here shall appear in the one it was copied from, nor the other way
/// round.
pub(crate) fn make_mounts_private() -> Result<(), Failure> {
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", flags).at(Step::PrivateMounts)
}

/// Attaches the root over the present one, from where it can be pivoted to.
pub(crate) fn attach_root(root: BorrowedFd<'_>) -> Result<(), Failure> {
    mount::attach_on_root(root)
        // Nodes that root makes in it must not be devices: see `mount::PLAIN`.
        .and_then(|()| mount::restrict(root, Depth::Single, MountAttrFlags::MOUNT_ATTR_NODEV))
        .at(Step::AttachRoot)
}

/// Makes the root the root of everything, and lets go of the old one.
pub(crate) fn pivot(root: &Root) -> Result<(), Failure> {
    rustix::process::fchdir(root.fd()).at(Step::PivotRoot)?;
    // With both names the same, the old root is stacked on the new one and needs no directory of its own:
    // pivot_root(2), "pivot_root(".", ".")".
    rustix::process::pivot_root(".", ".").at(Step::PivotRoot)?;
    // "." is the topmost mount there: the old root. Lazily, as the host's is of course in use.
    unmount(".", UnmountFlags::DETACH).at(Step::DetachOldRoot)?;
    rustix::process::chdir("/").at(Step::PivotRoot)
}

/// Makes the root read-only, but not what is mounted on it.
pub(crate) fn make_root_read_only(root: &Root) -> Result<(), Failure> {
    mount::restrict(root.fd(), Depth::Single, MountAttrFlags::MOUNT_ATTR_RDONLY)
        .at(Step::ReadOnlyRoot)
}
