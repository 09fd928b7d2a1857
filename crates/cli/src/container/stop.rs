//! Asking a container to end, and making it.

use super::directory::Container;
use crate::command_error::CommandError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sandbox::send_signal;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// The signal that nothing can refuse.
pub(crate) const SIGKILL: i32 = 9;

/// How long a container may take to end once it was asked: what it says itself, or Docker's default. `None` is for ever.
pub(crate) fn patience(seconds: Option<i64>) -> Option<Duration> {
    const USUAL: i64 = 10;
    let seconds = u64::try_from(seconds.unwrap_or(USUAL)).ok();
    seconds.map(Duration::from_secs)
}

/// Sends the stop signal, and SIGKILL to one that does not follow in time. Returns when the owner has written its
/// last word.
pub(crate) fn stop(
    container: &Container,
    signal: i32,
    patience: Option<Duration>,
) -> Result<(), CommandError> {
    let failed = |error: Errno| {
        let name = &container.record.name;
        CommandError::io(format_args!("stop container {name}"), error)
    };
    container.set_stopped()?;
    if let Some(process) = container.state()?.open_process() {
        send_signal(process.as_fd(), signal)?;
        if !ended_within(process.as_fd(), patience).map_err(failed)? {
            send_signal(process.as_fd(), SIGKILL)?;
        }
    }
    container.wait_for_owner();
    Ok(())
}

/// Ends it at once.
pub(crate) fn kill(container: &Container) -> Result<(), CommandError> {
    stop(container, SIGKILL, None)
}

/// Waits for a process to end; without a limit for ever.
fn ended_within(process: BorrowedFd<'_>, patience: Option<Duration>) -> Result<bool, Errno> {
    let until = patience.map(|patience| Instant::now() + patience);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left
            .map(|left| Timespec::try_from(left).map_err(|_| Errno::INVAL))
            .transpose()?;
        let mut fds = [PollFd::new(&process, PollFlags::IN)];
        match poll(&mut fds, left.as_ref()) {
            Err(Errno::INTR) => {}
            Ok(ready) => return Ok(ready > 0),
            Err(error) => return Err(error),
        }
    }
}
