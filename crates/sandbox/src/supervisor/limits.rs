//! The resource limit in which a process carries its token: hidden, since sudo(8) saves all limits and restores them
//! when its process is another user's by then.

use super::tracee::Tracee;
use crate::sys::notification::Answer;

/// `RLIMIT_LOCKS` (`asm-generic/resource.h`), which no kernel since 2.4.25 heeds (getrlimit(2)).
pub(super) const TOKEN: u32 = 10;

/// getrlimit(2): there is no limit, of course.
pub(super) fn get(tracee: &Tracee<'_>, to: u64) -> Answer {
    let unlimited = [0xFF; 16];
    match tracee.write(to, &unlimited) {
        Ok(()) => Answer::Value(0),
        Err(errno) => Answer::Fail(errno),
    }
}

/// prlimit(2).
pub(super) fn get_and_set(tracee: &Tracee<'_>, old: u64) -> Answer {
    match old {
        0 => Answer::Value(0),
        to => get(tracee, to),
    }
}
