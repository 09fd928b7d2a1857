//! Whose processes a sandbox has around it.
//!
//! In a container of somebody else's, parts of `/proc` are mostly covered, and the kernel lets nobody uncover them by a fresh
//! `/proc` of a user namespace (`mount_too_revealing` in `fs/namespace.c`). There a sandbox gets the container's own, with what covers it.
//! That one knows the processes of its own PID namespace only, and `/proc/self` would lead nowhere for others: so the sandbox makes
//! no PID namespace. What the end of one does two processes beside the program do, as in a chroot: they kill what it leaves.

use std::ffi::{CString, c_int};
use std::os::fd::AsFd;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::chroot::descendants;
use crate::mount::{self, DATA};
use crate::protocol::{At, Failure, Report};
use crate::step::Step;
use crate::sys::{self, Strings};
use crate::{Process, executable, reaper};

/// First argument of the process that tries to mount `/proc`.
pub(crate) const TRIAL: &str = "step-try-proc";

/// SIGTTOU.
const TERMINAL_OUTPUT: i32 = 22;

/// Exit code of one that may not.
const REFUSED: i32 = 1;

/// Whether sandboxes of this process share its processes, for want of a `/proc` of their own.
pub(crate) fn are_shared() -> bool {
    static ARE_SHARED: OnceLock<bool> = OnceLock::new();
    *ARE_SHARED.get_or_init(|| is_covered() && is_refused())
}

/// Whether anything is mounted below `/proc`. What the kernel mounts by itself where nothing is covers nothing.
fn is_covered() -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The fifth field is the mount point: proc_pid_mountinfo(5).
    let mut points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    points.any(|point| point.starts_with("/proc/") && point != "/proc/sys/fs/binfmt_misc")
}

/// Whether the kernel refuses a fresh one, tried by this executable in namespaces of its own.
fn is_refused() -> bool {
    let Ok(executable) = executable::protected() else {
        return false;
    };
    let name = CString::new(TRIAL).expect("it has no NUL byte");
    let namespaces = libc::CLONE_NEWNS | libc::CLONE_NEWPID;
    let Ok(started) =
        sys::clone_and_execute(namespaces, executable, &Strings::new(vec![name]), &[])
    else {
        return false;
    };
    loop {
        match waitid(WaitId::PidFd(started.pidfd.as_fd()), WaitIdOptions::EXITED) {
            Err(Errno::INTR) => {}
            Ok(Some(status)) => return status.exit_status() == Some(REFUSED),
            _ => return false,
        }
    }
}

/// Is the process that tries.
pub(crate) fn run_trial() -> ! {
    std::process::exit(match mount::new("proc", &[], DATA) {
        Err(Errno::PERM) => REFUSED,
        _ => 0,
    })
}

/// In the child, which was born without: makes namespaces, in a process of which nothing outlives it or the caller.
pub(crate) fn part(namespaces: c_int, process: &Process, report: &Report) -> Result<(), Failure> {
    // Two, so that what is left is killed also if one of them is.
    descendants::split(report)?;
    descendants::split(report)?;
    // A signal to all of the program's group is not for them. Who is not in the foreground may not take the terminal, but who does not
    // hear of that (tcsetpgrp(3)); the program hears of it again.
    let _blocked = sys::signal_descriptor(&[TERMINAL_OUTPUT]).at(Step::Session)?;
    reaper::lead(process).at(Step::Session)?;
    sys::unshare_namespaces(namespaces).at(Step::Clone)
}
