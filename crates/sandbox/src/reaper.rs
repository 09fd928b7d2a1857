//! Process 1 that is not the program itself: it reaps what other processes leave, and passes signals on to the program.

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};

use crate::protocol::{At, Failure, Report};
use crate::step::Step;
use crate::{Process, Signals, sys};

/// SIGCHLD.
const CHILD: i32 = 17;

/// Becomes two: this process, which goes on to be the program, and process 1, which stays behind and never returns.
pub(crate) fn split(process: &Process) -> Result<(), Failure> {
    // Blocked before there is a child, so that none is missed. What is blocked is never ignored, as it would be for a
    // process 1 without handlers.
    let every: Vec<i32> = (1..=64)
        .filter(|signal| !matches!(signal, 9 | 19 | 32 | 33))
        .collect();
    let signals = sys::signal_descriptor(&every).at(Step::StartInit)?;
    match sys::fork().at(Step::StartInit)? {
        Some(child) => stay(child, &Signals(signals)),
        None => lead(process).at(Step::StartInit),
    }
}

/// The program leads a group of its own, which has the terminal: what is typed there is for it alone.
pub(crate) fn lead(process: &Process) -> Result<(), Errno> {
    rustix::process::setpgid(None, None)?;
    match process.terminal {
        Some(_) => rustix::termios::tcsetpgrp(rustix::stdio::stdin(), rustix::process::getpid()),
        None => Ok(()),
    }
}

fn stay(child: Pid, signals: &Signals) -> ! {
    // Also the report: its end says that the program runs.
    if sys::close_all_but(&[signals.number()]).is_err() {
        std::process::exit(Report::BROKEN);
    }
    loop {
        match signals.wait() {
            Ok(CHILD) => reap(child),
            Ok(signal) => sys::kill(child, signal),
            Err(_) => std::process::exit(Report::BROKEN),
        }
    }
}

/// Reaps all that have ended; ends as the program did.
fn reap(child: Pid) {
    while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
        if pid == child {
            std::process::exit(code(status));
        }
    }
}

/// As shells tell it.
pub(crate) fn code(status: WaitStatus) -> i32 {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => Report::BROKEN,
    }
}
