//! A pseudoterminal (pty(7)) for a program.

use std::os::fd::OwnedFd;

use rootfs::Root;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::step::Step;
use crate::{Error, Stdio, WindowSize, devices};

/// A terminal of a `devpts` that becomes `/dev/pts` of the sandbox, so that the program finds it there.
pub(crate) struct Terminal {
    /// The file system, detached; none if it is one that the sandbox has already.
    pub(crate) devpts: Option<OwnedFd>,
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
        let (controlling, stdio) = Self::of(controlling, size)?;
        let devpts = Some(devpts);
        Ok((
            Self {
                devpts,
                controlling,
            },
            stdio,
        ))
    }

    /// Makes a terminal of the `devpts` that a sandbox with this root has.
    pub(crate) fn make_in(root: &Root, size: WindowSize) -> Result<(Self, Stdio), Error> {
        let open = || {
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            let resolve =
                ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
            let place = OFlags::PATH | OFlags::CLOEXEC;
            let path = "/dev/pts/ptmx";
            // Before it is opened, which may do things: is it what it should be?
            let node = rustix::fs::openat2(root.fd(), path, place, Mode::empty(), resolve)?;
            let stat = rustix::fs::fstat(&node)?;
            let is_device = FileType::from_raw_mode(stat.st_mode).is_char_device();
            if !is_device || stat.st_rdev != rustix::fs::makedev(5, 2) {
                return Err(Errno::NODEV);
            }
            let controlling = rustix::fs::openat2(root.fd(), path, flags, Mode::empty(), resolve)?;
            Self::of(controlling, size)
        };
        let (controlling, stdio) =
            open().map_err(|errno| Error::kernel(Step::MakeTerminal, "", errno))?;
        let devpts = None;
        Ok((
            Self {
                devpts,
                controlling,
            },
            stdio,
        ))
    }

    /// The streams of a program on a new terminal.
    fn of(controlling: OwnedFd, size: WindowSize) -> Result<(OwnedFd, Stdio), Errno> {
        unlockpt(&controlling)?;
        resize(&controlling, size)?;
        // By the descriptor, as the path of the other end is not to be seen from here.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let stdio = Stdio {
            stdin: ioctl_tiocgptpeer(&controlling, flags)?,
            stdout: ioctl_tiocgptpeer(&controlling, flags)?,
            stderr: ioctl_tiocgptpeer(&controlling, flags)?,
        };
        Ok((controlling, stdio))
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
