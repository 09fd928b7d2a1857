//! The running process, as its parent holds it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::step::Step;
use crate::supervisor::recorder::{Attendant, Channel};
use crate::supervisor::{Power, Supervisor};
use crate::sys::Started;
use crate::{Dialer, Error, User, WindowSize, send_signal, terminal};

/// A process in a sandbox. Dropping it kills the process, and with it everything in its PID namespace.
///
/// The kernel kills the process as well when the *thread* that spawned it ends: that thread is the one to wait.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    pidfd: OwnedFd,
    terminal: Option<OwnedFd>,
    /// Who answers its system calls, if not the kernel.
    supervisor: Option<Supervisor>,
    /// Who waits to record owners, if they are beyond what the kernel can give.
    attendant: Option<Attendant>,
    /// The signal that ends it, with all that it has started.
    stop: i32,
    /// How it ended, once that is known; the kernel tells it only once.
    exit: Option<Exit>,
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
    pub(crate) fn new(started: Started) -> Self {
        Self {
            pid: started.pid,
            pidfd: started.pidfd,
            terminal: None,
            supervisor: None,
            attendant: None,
            stop: libc::SIGKILL,
            exit: None,
        }
    }

    /// The same with a terminal.
    pub(crate) fn with_terminal(mut self, terminal: Option<OwnedFd>) -> Self {
        self.terminal = terminal;
        self
    }

    /// Gives it a supervisor, which ends with it. It is to be `user` there.
    pub(crate) fn supervise(
        &mut self,
        socket: &OwnedFd,
        user: &User,
        power: Power,
    ) -> Result<(), Error> {
        let process = (self.pidfd.as_fd(), self.pid);
        self.supervisor = Some(Supervisor::start(socket, process, user, power)?);
        Ok(())
    }

    /// Has somebody wait for owners to record, in the user namespace with this number.
    pub(crate) fn attend(
        &mut self,
        channel: Channel,
        namespace: u64,
        power: Power,
    ) -> Result<(), Error> {
        let orders = (channel.last, namespace, power);
        let listener = channel.receive();
        if let Some(listener) = listener.map_err(|errno| self.failed(Step::Listen, errno))? {
            let attendant = Attendant::start(listener, self.pidfd.as_fd(), orders)?;
            self.attendant = Some(attendant);
        }
        Ok(())
    }

    /// The same, ended by another signal.
    pub(crate) fn stopped_by(mut self, stop: i32) -> Self {
        self.stop = stop;
        self
    }

    /// Process id in the caller's PID namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Descriptor of the process (pidfd_open(2)): readable in poll(2) when it has ended.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Waits for the end. All that the process left running in its PID namespace is gone then.
    ///
    /// # Errors
    /// When the kernel refuses to tell the status.
    pub fn wait(&mut self) -> Result<Exit, Error> {
        if let (Some(supervisor), None) = (&self.supervisor, self.exit) {
            supervisor.wait_for(self.pidfd.as_fd());
        }
        loop {
            if let Some(exit) = self.reap(WaitIdOptions::EXITED)? {
                return Ok(exit);
            }
        }
    }

    /// As [`wait`](Self::wait), without waiting: `None` while it runs.
    ///
    /// # Errors
    /// When the kernel refuses to tell the status.
    pub fn try_wait(&mut self) -> Result<Option<Exit>, Error> {
        self.reap(WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
    }

    fn reap(&mut self, options: WaitIdOptions) -> Result<Option<Exit>, Error> {
        if self.exit.is_some() {
            return Ok(self.exit);
        }
        if let Some(supervisor) = &self.supervisor
            && supervisor.failure().is_some()
        {
            // What the program would do from now on is not what it is told.
            self.kill()?;
        }
        let status = loop {
            match waitid(WaitId::PidFd(self.pidfd.as_fd()), options) {
                Err(Errno::INTR) => {}
                Ok(status) => break status,
                Err(errno) => return Err(self.failed(Step::Wait, errno)),
            }
        };
        self.exit = status.and_then(|status| {
            let code = status.exit_status().map(Exit::Code);
            code.or_else(|| status.terminating_signal().map(Exit::Signal))
        });
        if self.exit.is_some()
            && let Some(supervisor) = self.supervisor.take()
            && let Some(how) = supervisor.failure()
        {
            return Err(Error::SupervisorLost { how });
        }
        if self.exit.is_some()
            && let Some(attendant) = self.attendant.take()
            && let Some(how) = attendant.finish()
        {
            return Err(Error::SupervisorLost { how });
        }
        Ok(self.exit)
    }

    /// Kills the process and everything in its PID namespace. Not an error if it has ended already.
    ///
    /// # Errors
    /// When the kernel refuses to send the signal.
    pub fn kill(&self) -> Result<(), Error> {
        self.signal(self.stop)
    }

    /// Sends a signal, by number. As process 1 of its namespace it gets only those that it has a handler for, and
    /// SIGKILL and SIGSTOP. Not an error if it has ended already.
    ///
    /// # Errors
    /// When there is no such signal or the kernel refuses to send it.
    pub fn signal(&self, number: i32) -> Result<(), Error> {
        send_signal(self.pidfd.as_fd(), number)
    }

    /// The controlling end of the terminal, when [`Process::terminal`](crate::Process::terminal) asked for one. What
    /// is read from it is what the program shows, what is written is typed; reading fails with `EIO` at the end.
    #[must_use]
    pub fn terminal(&self) -> Option<BorrowedFd<'_>> {
        self.terminal.as_ref().map(AsFd::as_fd)
    }

    /// Tells the terminal its new size; the process gets SIGWINCH. Without a terminal, nothing happens.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn resize(&self, size: WindowSize) -> Result<(), Error> {
        match &self.terminal {
            Some(controlling) => terminal::resize(controlling, size)
                .map_err(|errno| Error::kernel(Step::Resize, "", errno)),
            None => Ok(()),
        }
    }

    /// A dialer into the network of this process; it can be used from any thread.
    ///
    /// # Errors
    /// When no further descriptor can be had.
    pub fn dialer(&self) -> Result<Dialer, Error> {
        rustix::io::fcntl_dupfd_cloexec(&self.pidfd, 3)
            .map(Dialer::new)
            .map_err(|errno| self.failed(Step::Duplicate, errno))
    }

    fn failed(&self, step: Step, errno: Errno) -> Error {
        Error::kernel(step, format!("process {}", self.pid), errno)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Neither can fail for a child of this process; and there is nobody to tell.
        if self.exit.is_none() && self.kill().is_ok() {
            let _ = self.wait();
        }
    }
}
