//! execve(2): programs whose file sets the user or group.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;

use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;

use super::identities::Identities;
use super::object::{Object, Opened};
use super::tracee::Tracee;
use crate::sys::notification;

/// How many executions can be under way before those are forgotten whose process is gone.
const MANY: usize = 256;

/// Executions of which nobody has heard whether they have succeeded: by their processes.
#[derive(Default)]
pub(super) struct Executions(HashMap<u32, Begun>);

struct Begun {
    /// Who the process was.
    token: u64,
    /// What it was to execute: device and number.
    program: (u64, u64),
    /// Where its stack began before. Under an emulator, what runs is the emulator's file before and after.
    stack: Option<u64>,
}

/// Who a program makes of those that execute it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SetIds {
    user: Option<u32>,
    group: Option<u32>,
    /// Its file: device and number.
    program: (u64, u64),
}

impl Executions {
    /// Gives the process the identity that it has after the execution, which the kernel is going to do.
    pub(super) fn begin(
        &mut self,
        tracee: &Tracee<'_>,
        [directory, path, _, _, flags, _]: [u64; 6],
        identities: &mut Identities,
    ) -> Result<(), Errno> {
        let object = tracee.object(directory, path, flags as i32)?;
        let set = set_ids(tracee, &object)?;
        let before = identities.of(tracee.thread).ok_or(Errno::SRCH)?;
        let after =
            before.after_execution(set.and_then(|set| set.user), set.and_then(|set| set.group));
        if after == *before {
            return Ok(());
        }
        tracee.check()?;
        let token = Identities::token(tracee.thread)?;
        identities.set(tracee.thread, after)?;
        if let Some(SetIds { program, .. }) = set {
            self.forget_the_gone();
            let begun = Begun {
                token,
                program,
                stack: stack_of(tracee.thread),
            };
            self.0.insert(tracee.thread, begun);
        }
        Ok(())
    }

    /// Makes a process that calls again who it was, if what it was to execute it has not.
    pub(super) fn settle(&mut self, thread: u32) {
        if self.0.is_empty() {
            return;
        }
        let Some(begun) = self.0.remove(&thread) else {
            return;
        };
        let path = CString::new(format!("{thread}/exe")).unwrap_or_default();
        let runs = notification::stat_at(&path, 0);
        let is_program = runs.is_ok_and(|runs| (runs.st_dev, runs.st_ino) == begun.program);
        if !is_program && begun.stack == stack_of(thread) {
            // It may have ended.
            let _ = Identities::set_token(thread, begun.token);
        }
    }

    fn forget_the_gone(&mut self) {
        if self.0.len() >= MANY {
            self.0
                .retain(|&thread, _| Identities::token(thread).is_ok());
        }
    }
}

/// Where the stack of a process begins, which is elsewhere after each execution: proc_pid_stat(5), `startstack`.
fn stack_of(thread: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("{thread}/stat")).ok()?;
    // The second field is a name in parentheses, which may have blanks.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(28 - 3)?.parse().ok()
}

/// What a file says, if anything. The kernel's rules: of a program, not of a script; not where the mount or the
/// process forbids it (execve(2)).
fn set_ids(tracee: &Tracee<'_>, object: &Object) -> Result<Option<SetIds>, Errno> {
    let file = object.open(tracee)?;
    let bits = of_mode(file.mode);
    if file.mode & (libc::S_IXUSR | libc::S_IXGRP | libc::S_IXOTH) == 0 {
        return Err(Errno::ACCESS);
    }
    if !file.is_regular() || bits == (false, false) {
        return Ok(None);
    }
    let mount = rustix::fs::fstatvfs(file.file())?.f_flag;
    if mount.contains(StatVfsMountFlags::NOSUID)
        || tracee.status()?.has_no_new_privileges()
        || is_script(&file)
    {
        return Ok(None);
    }
    let (uid, gid) = file.record().owner;
    Ok(Some(SetIds {
        user: bits.0.then_some(uid),
        group: bits.1.then_some(gid),
        program: file.number,
    }))
}

/// Whether the user and the group are set. Without the right to execute, the group's bit means something else.
fn of_mode(mode: u32) -> (bool, bool) {
    let group = libc::S_ISGID | libc::S_IXGRP;
    (mode & libc::S_ISUID != 0, mode & group == group)
}

fn is_script(file: &Opened) -> bool {
    // A regular file, which is opened without waiting.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(rustix::fs::CWD, file.path(), flags, Mode::empty());
    let mut start = [0; 2];
    opened.is_ok_and(|opened| File::from(opened).read_exact(&mut start).is_ok()) && start == *b"#!"
}
