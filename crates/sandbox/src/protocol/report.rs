//! Reports of the child.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::Step;

/// A step that failed in the child.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) object: Vec<u8>,
    pub(crate) errno: Errno,
}

/// Says which step it was that failed, and what it was done to.
pub(crate) trait At<T> {
    /// The failure of `step` on nothing in particular.
    fn at(self, step: Step) -> Result<T, Failure>;
    /// The failure of `step` on a path or name.
    fn on(self, step: Step, object: impl AsRef<Path>) -> Result<T, Failure>;
}

impl<T> At<T> for Result<T, Errno> {
    fn at(self, step: Step) -> Result<T, Failure> {
        self.on(step, "")
    }

    fn on(self, step: Step, object: impl AsRef<Path>) -> Result<T, Failure> {
        self.map_err(|errno| Failure {
            step,
            object: object.as_ref().as_os_str().as_bytes().to_vec(),
            errno,
        })
    }
}

/// First byte of the word that the program is about to be executed.
const READY: u8 = 0;
/// First byte of a failure; the step, the errno and the object follow.
const FAILED: u8 = 1;
/// The most that is read of an object.
const LONGEST: usize = 4096;

/// The child's end of the socket pair.
pub(crate) struct Report(pub(crate) OwnedFd);

impl Report {
    /// Exit code of a child that cannot even report.
    pub(crate) const BROKEN: i32 = 125;

    /// The sandbox stands; what comes now is the program.
    pub(crate) fn ready(&self) -> Result<(), Errno> {
        self.send(&[READY])
    }

    pub(crate) fn failed(&self, failure: &Failure) -> Result<(), Errno> {
        let mut message = vec![FAILED, failure.step.number()];
        message.extend(failure.errno.raw_os_error().to_ne_bytes());
        message.extend(failure.object.iter().take(LONGEST));
        self.send(&message)
    }

    /// Whether nobody is there to report to: the parent has ended.
    pub(crate) fn is_orphaned(&self) -> bool {
        let mut poll = [PollFd::new(&self.0, PollFlags::empty())];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        rustix::event::poll(&mut poll, Some(&now)).is_ok()
            && poll[0]
                .revents()
                .intersects(PollFlags::HUP | PollFlags::ERR)
    }

    fn send(&self, message: &[u8]) -> Result<(), Errno> {
        rustix::net::send(&self.0, message, SendFlags::NOSIGNAL).map(drop)
    }
}

/// What became of a child.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The program runs.
    Executed,
    /// A step failed.
    Failed(Failure),
    /// The child ended without a word.
    Silent,
}

impl Outcome {
    /// Waits for what the child has to report. The parent's copy of the child's end must be closed by now.
    pub(crate) fn hear(socket: impl AsFd) -> Result<Self, Errno> {
        let mut outcome = Self::Silent;
        loop {
            match Self::next(&socket)? {
                Self::Silent => return Ok(outcome),
                heard => outcome = heard,
            }
        }
    }

    /// Waits for the next report.
    pub(crate) fn next(socket: impl AsFd) -> Result<Self, Errno> {
        let mut buffer = [0; LONGEST + 8];
        loop {
            let length = match rustix::net::recv(&socket, &mut buffer, RecvFlags::empty()) {
                Ok((length, _)) => length,
                Err(Errno::INTR) => continue,
                // The child has ended with something unread in its end.
                Err(Errno::CONNRESET) => 0,
                Err(errno) => return Err(errno),
            };
            match &buffer[..length] {
                [] => return Ok(Self::Silent),
                [READY] => return Ok(Self::Executed),
                [FAILED, step, a, b, c, d, object @ ..] => {
                    let step = Step::from_number(*step).ok_or(Errno::BADMSG)?;
                    return Ok(Self::Failed(Failure {
                        step,
                        object: object.to_vec(),
                        errno: Errno::from_raw_os_error(i32::from_ne_bytes([*a, *b, *c, *d])),
                    }));
                }
                _ => return Err(Errno::BADMSG),
            }
        }
    }
}
