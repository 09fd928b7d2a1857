//! The running process, as its parent holds it.

use std::os::fd::{BorrowedFd, OwnedFd};

use crate::{Dialer, Error, WindowSize};

/// A process in a sandbox. Dropping it kills the process, and with it everything in its PID namespace.
///
/// The kernel kills the process as well when the *thread* that spawned it ends: that thread is the one to wait.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    pidfd: OwnedFd,
    terminal: Option<OwnedFd>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code.
    Code(i32),
    /// It was killed by this signal.
    Signal(i32),
}

impl Exit {
    /// The code as a shell tells it: 128 and the signal's number for a killed process.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }

    /// Whether the code is 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl Child {
    /// Process id in the caller's PID namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Descriptor of the process (pidfd_open(2)): readable in poll(2) when it has ended.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        todo!()
    }

    /// Waits for the end. All that the process left running in its PID namespace is gone then.
    ///
    /// # Errors
    /// When the kernel refuses to tell the status.
    pub fn wait(&mut self) -> Result<Exit, Error> {
        todo!()
    }

    /// As [`wait`](Self::wait), without waiting: `None` while it runs.
    ///
    /// # Errors
    /// When the kernel refuses to tell the status.
    pub fn try_wait(&mut self) -> Result<Option<Exit>, Error> {
        todo!()
    }

    /// Kills the process and everything in its PID namespace. Not an error if it has ended already.
    ///
    /// # Errors
    /// When the kernel refuses to send the signal.
    pub fn kill(&self) -> Result<(), Error> {
        todo!()
    }

    /// Sends a signal, by number. As process 1 of its namespace it gets only those that it has a handler for, and SIGKILL and SIGSTOP.
    ///
    /// # Errors
    /// When there is no such signal or the kernel refuses to send it.
    pub fn signal(&self, _number: i32) -> Result<(), Error> {
        todo!()
    }

    /// The controlling end of the terminal, when [`Process::terminal`](crate::Process::terminal) asked for one.
    #[must_use]
    pub fn terminal(&self) -> Option<BorrowedFd<'_>> {
        todo!()
    }

    /// Tells the terminal its new size; the process gets SIGWINCH. Without a terminal, nothing happens.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn resize(&self, _size: WindowSize) -> Result<(), Error> {
        todo!()
    }

    /// A dialer into the network of this process; it can be used from any thread.
    ///
    /// # Errors
    /// When no further descriptor can be had.
    pub fn dialer(&self) -> Result<Dialer, Error> {
        todo!()
    }
}
