//! Signals as data: read from a descriptor in an ordinary thread, so that no handler runs anywhere.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A set of signals that no longer interrupt the process but are read one by one
/// (signalfd(2)).
///
/// What [`spawn`](crate::spawn) starts begins with no signal blocked, whatever is caught here.
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Catches the signals with these numbers. Must be called while the process has one thread: others would
    /// still be interrupted.
    ///
    /// # Errors
    /// When a number is no signal, or the process is out of descriptors.
    #[expect(unsafe_code, reason = "sigprocmask(2) and signalfd(2)")]
    pub fn catch(numbers: &[i32]) -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset(3) initialises the set, sigaddset(3) checks the numbers, and both calls below only read it.
        let fd = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for number in numbers {
                if libc::sigaddset(set.as_mut_ptr(), *number) != 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: signalfd(2) just made the descriptor, and nobody else knows it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd })
    }

    /// Waits for the next signal and gives its number.
    ///
    /// # Errors
    /// When the kernel refuses the read.
    #[expect(unsafe_code, reason = "read(2) of a C struct")]
    pub fn wait(&self) -> io::Result<i32> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        loop {
            // SAFETY: the buffer is `size` bytes long, and any bytes make a valid value.
            let read = unsafe { libc::read(self.fd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
            if read == size as isize {
                // SAFETY: it was zeroed, and the kernel has filled it whole.
                let number = unsafe { info.assume_init() }.ssi_signo;
                return Ok(i32::try_from(number).unwrap_or(0));
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sends a signal, real-time ones included, to the process of a pidfd (pidfd_send_signal(2)). One that has ended has
/// no use for it, which is no error.
///
/// # Errors
/// When there is no such signal or the kernel refuses to send it.
#[expect(unsafe_code, reason = "pidfd_send_signal(2)")]
pub fn send_signal(pidfd: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    let info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null pointer asks the kernel to fill in what kill(2) would.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            info,
            0,
        )
    };
    match io::Error::last_os_error() {
        _ if sent == 0 => Ok(()),
        error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        error => Err(error),
    }
}
