//! The editor that the server works for.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::exit::Exit;

/// Ends with the process that `initialize` names, even if somebody else still holds our standard input open.
///
/// A number that means nothing here is passed over: an editor outside of this container has numbers of its own.
pub(super) fn end_with(process: Option<i32>) {
    let Some(pid) = process.and_then(Pid::from_raw) else {
        return;
    };
    let Ok(parent) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    std::thread::spawn(move || {
        let mut ends = [PollFd::new(&parent, PollFlags::IN)];
        while poll(&mut ends, None) == Err(Errno::INTR) {}
        std::process::exit(Exit::Failure.code().into());
    });
}
