//! A process that outlives the program by a moment, to kill what it leaves, as the end of a PID namespace would.
//!
//! Orphans become children of the nearest ancestor that is a *subreaper* (prctl(2), `PR_SET_CHILD_SUBREAPER`), whatever they
//! do. So whoever has no child any more has no descendant either.

use std::fs;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, set_child_subreaper, set_parent_process_death_signal, wait,
};

use crate::protocol::{At, Failure, Report};
use crate::step::Step;
use crate::{Signals, reaper, sys};

/// Asks this process to kill everything, and itself: nobody could be asked by SIGKILL.
pub(crate) const STOP: i32 = 15;

/// SIGCHLD.
const CHILD: i32 = 17;

/// What a shell tells of a process that was killed.
const KILLED: i32 = 128 + 9;

/// How long killed processes are given to end before they are looked for again.
const PAUSE: Duration = Duration::from_micros(500);

/// Becomes two: this process, which goes on to be the program, and its parent, which stays behind and never returns.
pub(crate) fn split(report: &Report) -> Result<(), Failure> {
    // Blocked before there is a child, so that none is missed.
    let signals = sys::signal_descriptor(&[CHILD, STOP]).at(Step::StartInit)?;
    set_child_subreaper(Some(rustix::process::getpid())).at(Step::StartInit)?;
    match sys::fork().at(Step::StartInit)? {
        None => Ok(()),
        Some(program) => stay(program, &Signals(signals), report),
    }
}

fn stay(program: Pid, signals: &Signals, report: &Report) -> ! {
    // As this process stays root, the kernel does not forget the wish.
    let tied = set_parent_process_death_signal(Some(Signal::TERM));
    if tied.is_err() || report.is_orphaned() {
        end(KILLED);
    }
    // Also the report: its end says that the program runs.
    if sys::close_all_but(&[signals.number()]).is_err() {
        end(Report::BROKEN);
    }
    loop {
        match signals.wait() {
            Ok(CHILD) => reap(program),
            Ok(_) => end(KILLED),
            Err(_) => end(Report::BROKEN),
        }
    }
}

/// Reaps all that have ended; ends as the program did.
fn reap(program: Pid) {
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == program {
            end(reaper::code(status));
        }
    }
}

/// Ends when all descendants have.
fn end(code: i32) -> ! {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => continue,
            Ok(None) => {}
            // There is none.
            Err(_) => std::process::exit(code),
        }
        for child in children() {
            sys::kill(child, 9);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The children of this process, with those that it has adopted: proc_pid_task(5), or what all processes say of their
/// parents, where the kernel has no such list.
fn children() -> Vec<Pid> {
    let number = |text: &str| text.parse().ok().and_then(Pid::from_raw);
    match fs::read_to_string("/proc/thread-self/children") {
        Ok(list) => list.split_ascii_whitespace().filter_map(number).collect(),
        Err(_) => {
            let own = rustix::process::getpid().as_raw_nonzero().to_string();
            let all = fs::read_dir("/proc").into_iter().flatten().flatten();
            let names = all.filter_map(|entry| entry.file_name().into_string().ok());
            names
                .filter(|name| parent_of(name).as_ref() == Some(&own))
                .filter_map(|name| number(&name))
                .collect()
        }
    }
}

/// The number of a process's parent: proc_pid_stat(5).
fn parent_of(process: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may have anything in it.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1).map(str::to_owned)
}
