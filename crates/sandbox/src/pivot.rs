//! From the caller's root to the sandbox's.

use std::os::fd::{AsFd, BorrowedFd};

use rootfs::Root;
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountPropagationFlags, UnmountFlags, mount_change, unmount};

use crate::KernelAccess;
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
pub(crate) fn attach_root(root: BorrowedFd<'_>, access: KernelAccess) -> Result<(), Failure> {
    mount::attach_on_root(root)
        // Nodes that root makes in it must not be devices: see `mount::PLAIN`.
        .and_then(|()| match access {
            KernelAccess::Guarded => {
                mount::restrict(root, Depth::Single, MountAttrFlags::MOUNT_ATTR_NODEV)
            }
            KernelAccess::Open => Ok(()),
        })
        .at(Step::AttachRoot)
}

/// Makes the root the root of everything, and lets go of the old one.
pub(crate) fn pivot(root: &Root) -> Result<(), Failure> {
    rustix::process::fchdir(root.fd()).at(Step::PivotRoot)?;
    // With both names the same, the old root is stacked on the new one and needs no directory of its own:
    // pivot_root(2), "pivot_root(".", ".")".
    rustix::process::pivot_root(".", ".").at(Step::PivotRoot)?;
    let root = mount_id(root.fd(), "").at(Step::PivotRoot)?;
    // Now there are on top of the root: the old one, what was mounted over that here, and what may have been mounted
    // over it before. umount2(2) of "." takes the topmost, with all below it, and "/.." is what is topmost. To count them
    // instead would be to trust that the host has nothing on its root.
    while mount_id(CWD, "/..").at(Step::DetachOldRoot)? != root {
        // Lazily, as the host's root is of course in use.
        unmount(".", UnmountFlags::DETACH).at(Step::DetachOldRoot)?;
    }
    rustix::process::chdir("/").at(Step::PivotRoot)
}

fn mount_id(fd: impl AsFd, path: &str) -> Result<u64, Errno> {
    let found = statx(fd, path, AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    // Since Linux 5.8.
    match StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID) {
        true => Ok(found.stx_mnt_id),
        false => Err(Errno::NOSYS),
    }
}

/// Makes the root read-only, but not what is mounted on it.
pub(crate) fn make_root_read_only(root: &Root) -> Result<(), Failure> {
    mount::restrict(root.fd(), Depth::Single, MountAttrFlags::MOUNT_ATTR_RDONLY)
        .at(Step::ReadOnlyRoot)
}
