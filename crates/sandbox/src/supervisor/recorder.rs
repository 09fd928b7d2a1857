//! Owners beyond the last ID of a user namespace that has several (subuid(5)): chown(2) to one of them is `EINVAL` for the kernel.
//!
//! A filter asks about that one case, and a thread of carafe's waits for the first question. Only then it starts the recorder,
//! a [supervisor](super) that does what `rootfs` does with such owners: it gives the file to the last ID, and records at the file
//! whose it is. A step that asks nothing costs the filter and the thread.
//!
//! The kernel goes on to answer all else. So programs see the last ID as the owner of such a file; and when they give it to
//! an ID that there is, nobody hears of it, but the record is void, as it counts only for what the last ID has.
//!
//! ```text
//! carafe ──┬── step-init → program  filter, whose questions wait for
//!          └── step-recorder        whom a thread starts when there is one
//! ```

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::calls::{self, Call, Row};
use crate::protocol::{At, Failure};
use crate::seccomp::{self, Fit, Foreign, Question};
use crate::step::Step;
use crate::sys::notification;

mod attendant;
mod process;

pub(crate) use attendant::Attendant;
pub(crate) use process::run;

/// First argument of the recorder.
pub(crate) const NAME: &str = "step-recorder";

/// The greatest user ID and group ID that there are.
pub(crate) type LastIds = (u32, u32);

/// The last IDs, where owners beyond them are recorded and the kernel has what it takes to hear of them.
pub(crate) fn needed() -> Option<LastIds> {
    static IS_POSSIBLE: OnceLock<bool> = OnceLock::new();
    rootfs::owners_are_recorded_beyond().filter(|_| *IS_POSSIBLE.get_or_init(super::is_possible))
}

/// The way on which the listener comes from the first process of a sandbox.
pub(crate) struct Channel {
    /// This process's end.
    own: OwnedFd,
    /// The end of the process.
    pub(crate) process: OwnedFd,
    pub(crate) last: LastIds,
}

impl Channel {
    pub(crate) fn make(last: LastIds) -> Result<Self, Errno> {
        let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let (own, process) = socketpair(AddressFamily::UNIX, kind, flags, None)?;
        Ok(Self { own, process, last })
    }

    /// The listener, when the program runs. There is none if carafe runs in a sandbox that has one itself.
    pub(crate) fn receive(self) -> Result<Option<OwnedFd>, Errno> {
        // Nothing comes if all other ends are closed.
        drop(self.process);
        let received = super::process::receive(&self.own)?;
        Ok(received.map(|(listener, _)| listener))
    }
}

/// In the first process of the sandbox: has the recorder hear of owners beyond `last` from now on, and of those that all that it
/// starts gives files.
pub(crate) fn submit(socket: BorrowedFd<'_>, last: LastIds) -> Result<(), Failure> {
    match notification::install_listener(&filter(last)) {
        // Nobody is heard twice: there is one around carafe, which does not know these IDs.
        Err(Errno::BUSY) => Ok(()),
        listener => {
            let listener = listener.at(Step::InstallListener)?;
            super::send_listener(socket, &listener).at(Step::Supervise)
        }
    }
}

/// The calls that give files away.
fn rows() -> impl Iterator<Item = &'static Row> {
    calls::rows().filter(|row| row.call == Call::ChangeOwner)
}

fn filter(last: LastIds) -> Vec<u8> {
    let asked = rows().map(|row| {
        let number = u32::try_from(row.number).expect("numbers are not negative");
        // Where the newest form of the call has its third argument, the user, and its fourth.
        let [_, _, uid, gid, ..] = (row.arrange)([0, 1, 2, 3, 4, 5]);
        let fits = [(uid, last.0), (gid, last.1)]
            .map(|(argument, last)| (argument as u32, Fit::IsIdFrom(last)));
        (number, Question::IfEither(fits))
    });
    seccomp::questions(asked, Foreign::Unheard)
}
