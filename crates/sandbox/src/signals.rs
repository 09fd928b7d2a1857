//! Signals to this process, read like a file.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::io::Errno;

use crate::step::Step;
use crate::{Error, sender, sys};

/// Signals that are caught from now on, to be waited for on a thread.
#[derive(Debug)]
pub struct Signals(pub(crate) OwnedFd);

impl Signals {
    /// Catches `signals`, by number, in place of their usual effect: in this thread and those that it starts from now
    /// on. So this belongs to the start of the program. Programs that are started do not inherit it.
    ///
    /// # Errors
    /// When there is no such signal, or the kernel has no signalfd(2).
    pub fn catch(signals: &[i32]) -> Result<Self, Error> {
        sys::signal_descriptor(signals)
            .map(Self)
            .map_err(|errno| Error::kernel(Step::CatchSignals, "", errno))
    }

    /// The number of the descriptor.
    pub(crate) fn number(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Waits for the next of them, and tells its number.
    ///
    /// # Errors
    /// When the kernel refuses to tell.
    pub fn wait(&self) -> Result<i32, Error> {
        // `struct signalfd_siginfo`, which begins with the number.
        let mut information = [0; 128];
        let read = loop {
            match rustix::io::read(&self.0, &mut information) {
                Err(Errno::INTR) => {}
                read => break read,
            }
        };
        let failed = |errno| Error::kernel(Step::CatchSignals, "", errno);
        read.map_err(failed)?;
        let number = information
            .first_chunk()
            .expect("128 bytes are more than 4");
        i32::try_from(u32::from_ne_bytes(*number)).map_err(|_| failed(Errno::OVERFLOW))
    }
}

/// Sends a signal, by number, to a process that is held by a pidfd: another carafe's, say. Not an error if it has ended
/// already.
///
/// # Errors
/// When there is no such signal or the kernel refuses to send it.
pub fn send_signal(pidfd: BorrowedFd<'_>, number: i32) -> Result<(), Error> {
    let sent = match sys::send_signal(pidfd, number) {
        Err(Errno::PERM) => sender::send_from_outside(pidfd, number).unwrap_or(Err(Errno::PERM)),
        sent => sent,
    };
    match sent {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(Error::kernel(Step::Signal, number.to_string(), errno)),
    }
}
