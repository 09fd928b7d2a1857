//! The working directory.

use std::path::Path;

use rootfs::Root;
use rustix::io::Errno;

use crate::mount_point;
use crate::protocol::{At, Failure};
use crate::step::Step;

/// Enters `path` inside the root, which is the root of this process by now. It is made if it is missing.
///
/// No link of `/proc` is followed: `/proc/self/fd/7` may be a directory outside (CVE-2024-21626). That is the second
/// lock, as no descriptor is left open either; the third is to look where one has come out.
pub(crate) fn enter(root: &Root, path: &Path) -> Result<(), Failure> {
    let opened = match mount_point::open(root, path) {
        Err(Errno::NOENT) => {
            mount_point::make_directory(root, path).and_then(|()| mount_point::open(root, path))
        }
        opened => opened,
    };
    opened
        .and_then(rustix::process::fchdir)
        .and_then(|()| verify())
        .on(Step::WorkingDirectory, path)
}

/// The same for a directory that must be there.
pub(crate) fn enter_existing(root: &Root, path: &Path) -> Result<(), Failure> {
    mount_point::open(root, path)
        .and_then(rustix::process::fchdir)
        .and_then(|()| verify())
        .on(Step::WorkingDirectory, path)
}

/// The kernel puts "(unreachable)" before the path of a directory that is not below the root: getcwd(2).
fn verify() -> Result<(), Errno> {
    match rustix::process::getcwd(Vec::new())?.as_bytes() {
        [b'/', ..] => Ok(()),
        _ => Err(Errno::XDEV),
    }
}
