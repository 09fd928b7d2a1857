//! Starting a process.

use std::os::fd::{BorrowedFd, OwnedFd};

use crate::{Child, Error, Process, Sandbox, Stdio};

/// Turns into the child and never returns, if this process is one; returns at once otherwise. The first
/// statement of `main`, before there are threads.
pub fn run_if_child() {}

/// Starts `process` in `sandbox`. Returns when the program is running, or with the step that failed.
///
/// # Errors
/// Names the step, its object and the kernel's reason.
pub fn spawn(_sandbox: &Sandbox, _process: &Process, _stdio: Stdio) -> Result<Child, Error> {
    todo!()
}

/// Makes a detached bind mount of the directory or file `object` (an `O_PATH` descriptor will do), with what is
/// mounted below it: the source of a [`MountKind::Bind`](crate::MountKind::Bind).
///
/// # Errors
/// When the kernel refuses, for want of privilege for the most part.
pub fn clone_mount(_object: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    todo!()
}
