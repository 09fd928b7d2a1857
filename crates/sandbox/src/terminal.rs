//! A pseudoterminal (pty(7)) for a program.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::step::Step;
use crate::{Error, Stdio, WindowSize, devices};

/// A terminal of a `devpts` that becomes `/dev/pts` of the sandbox, so that the program finds it there.
pub(crate) struct Terminal {
    /// The file system, detached.
    pub(crate) devpts: OwnedFd,
    /// The end that shows and types.
    pub(crate) controlling: OwnedFd,
}

impl Terminal {
    /// Makes a terminal, and the streams of a program on it.
    pub(crate) fn make(size: WindowSize) -> Result<(Self, Stdio), Error> {
        Self::try_make(size).map_err(|errno| Error::kernel(Step::MakeTerminal, "", errno))
    }

    fn try_make(size: WindowSize) -> Result<(Self, Stdio), Errno> {
        let devpts = devices::new_devpts()?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let controlling = rustix::fs::openat(&devpts, "ptmx", flags, Mode::empty())?;
        unlockpt(&controlling)?;
        resize(&controlling, size)?;
        // By the descriptor, as the path of the other end is not to be seen from here.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let stdio = Stdio {
            stdin: ioctl_tiocgptpeer(&controlling, flags)?,
            stdout: ioctl_tiocgptpeer(&controlling, flags)?,
            stderr: ioctl_tiocgptpeer(&controlling, flags)?,
        };
        Ok((
            Self {
                devpts,
                controlling,
            },
            stdio,
        ))
    }
}

/// Sets the size of a terminal.
pub(crate) fn resize(controlling: &OwnedFd, size: WindowSize) -> Result<(), Errno> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(controlling, size)
}
