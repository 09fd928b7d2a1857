//! Raw mode for `run -it`: every key goes to the container, and the terminal is put back on every way out.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::os::fd::{AsFd, OwnedFd};

/// The terminal in raw mode, until it is dropped.
#[derive(Debug)]
pub(crate) struct RawMode {
    fd: OwnedFd,
    before: Termios,
}

impl RawMode {
    /// Switches the terminal behind a descriptor.
    pub(crate) fn enter(fd: impl AsFd) -> rustix::io::Result<Self> {
        let fd = rustix::io::fcntl_dupfd_cloexec(fd, 3)?;
        let before = tcgetattr(&fd)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&fd, OptionalActions::Drain, &raw)?;
        Ok(Self { fd, before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Nothing can be done where the terminal is gone.
        let _ = tcsetattr(&self.fd, OptionalActions::Drain, &self.before);
    }
}
