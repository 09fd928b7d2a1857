//! The root that a process's absolute paths begin at, where it is not the sandbox's any more: chroot(2) and mount
//! namespaces of its own. A path that was looked up in the wrong root would be another file of the same name.

use std::ffi::CString;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, CWD, OFlags, StatxFlags};
use rustix::io::Errno;

use super::tracee::Tracee;

/// A directory in a mount.
type Number = (u64, u64);

/// Where this process's own root is.
pub(super) struct Roots {
    /// `/proc`, which is the working directory.
    proc: OwnedFd,
    /// Whether any process can have another root than the sandbox's; to look costs time.
    differ: bool,
    /// The root that this process has.
    own: Option<Number>,
}

impl Roots {
    pub(super) fn new(proc: OwnedFd) -> Self {
        Self {
            proc,
            differ: false,
            own: None,
        }
    }

    /// Roots may differ from now on.
    pub(super) fn may_differ(&mut self) {
        self.differ = true;
    }

    /// Takes on the root of a process.
    pub(super) fn follow(&mut self, thread: u32) -> Result<(), Errno> {
        if !self.differ {
            return Ok(());
        }
        let path = CString::new(format!("{thread}/root")).expect("it has no NUL byte");
        let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
        let found = rustix::fs::statx(CWD, &path, AtFlags::empty(), wanted)?;
        let root = Some((found.stx_mnt_id, found.stx_ino));
        if root == self.own {
            return Ok(());
        }
        self.own = None;
        let directory = Tracee::open_path(&path, OFlags::DIRECTORY)?;
        rustix::process::fchdir(&directory)?;
        let changed = rustix::process::chroot(c".");
        rustix::process::fchdir(&self.proc)?;
        changed?;
        self.own = root;
        Ok(())
    }
}
