//! Hearing of calls and answering them, one after the other: a second thread would take away what makes the first one fast
//! (a synchronous wake-up), and nothing that is done here waits for anything.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::calls::{self, Call, Credential, Row};
use super::creation::{self, How};
use super::credentials::{self, Powers};
use super::execution::Executions;
use super::identities::Identities;
use super::identity::Identity;
use super::roots::Roots;
use super::tracee::Tracee;
use super::{attributes, limits, owners, sockets, times, view};
use crate::sys::notification::{self, Answer, Notification};
use crate::{Capabilities, Capability};

/// Waits for the next question. `None` when there is nobody left who could ask.
pub(super) fn next(listener: BorrowedFd<'_>) -> Result<Option<Notification>, Errno> {
    loop {
        match notification::receive(listener) {
            Ok(notification) => return Ok(Some(notification)),
            Err(Errno::INTR) => {}
            // Who asked has ended, or all have (from Linux 6.11 on; before, the parent ends this process).
            Err(Errno::NOENT) if !is_alone(listener) => {}
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno),
        }
    }
}

fn is_alone(listener: BorrowedFd<'_>) -> bool {
    let mut asked = [PollFd::new(&listener, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut asked, Some(&now)).is_ok() && asked[0].revents().contains(PollFlags::HUP)
}

/// A supervisor at work.
pub(super) struct Supervisor {
    listener: OwnedFd,
    /// By their numbers.
    rows: Vec<Option<&'static Row>>,
    identities: Identities,
    executions: Executions,
    roots: Roots,
    capabilities: Capabilities,
}

impl Supervisor {
    pub(super) fn new(
        listener: OwnedFd,
        identities: Identities,
        roots: Roots,
        capabilities: Capabilities,
    ) -> Self {
        let mut rows = Vec::new();
        for row in calls::rows() {
            let number = usize::try_from(row.number).expect("numbers are not negative");
            rows.resize(rows.len().max(number + 1), None);
            rows[number] = Some(row);
        }
        Self {
            listener,
            rows,
            identities,
            executions: Executions::default(),
            roots,
            capabilities,
        }
    }

    /// Answers until there is nobody left who could ask.
    pub(super) fn serve(mut self) -> Result<(), Errno> {
        while let Some(notification) = next(self.listener.as_fd())? {
            let answer = self.answer(&notification);
            notification::answer(self.listener.as_fd(), notification.id, &answer);
        }
        Ok(())
    }

    fn answer(&mut self, notification: &Notification) -> Answer {
        let number = usize::try_from(notification.number).unwrap_or(usize::MAX);
        let Some(row) = self.rows.get(number).copied().flatten() else {
            return Answer::Continue;
        };
        self.executions.settle(notification.thread);
        if self.roots.follow(notification.thread).is_err() {
            return Answer::Continue;
        }
        let arguments = (row.arrange)(notification.arguments);
        self.dispatch(row.call, notification, arguments)
    }

    fn dispatch(&mut self, call: Call, notification: &Notification, arguments: [u64; 6]) -> Answer {
        let tracee = Tracee::new(self.listener.as_fd(), notification);
        match call {
            Call::Stat => view::stat(&tracee, arguments),
            Call::Statx => view::statx(&tracee, arguments),
            Call::ListAttributes => attributes::list(&tracee, arguments),
            Call::GetAttribute | Call::RemoveAttribute => {
                attributes::hide(&tracee, arguments[1], Errno::NODATA)
            }
            Call::SetAttribute => attributes::hide(&tracee, arguments[1], Errno::PERM),
            Call::SetTimes => times::set(&tracee, arguments),
            Call::GetLimit => limits::get(&tracee, arguments[1]),
            Call::SetLimit => Answer::Value(0),
            Call::Limit => limits::get_and_set(&tracee, arguments[3]),
            Call::Execute => {
                let identities = &mut self.identities;
                // What is wrong the kernel finds, too.
                let _ = self.executions.begin(&tracee, arguments, identities);
                Answer::Continue
            }
            Call::Peer => match sockets::tell_peer(&tracee, arguments, &self.identities) {
                Ok(Some(())) => Answer::Value(0),
                _ => Answer::Continue,
            },
            Call::Chroot if !self.is_powerful(&tracee) => Answer::Fail(Errno::PERM),
            Call::Chroot | Call::ChangeRoot => self.change_root(),
            Call::Clone3 => {
                let flags = tracee.read(arguments[0]).map_or(0, u64::from_ne_bytes);
                match flags & calls::NEW_ROOT {
                    0 => Answer::Continue,
                    _ => self.change_root(),
                }
            }
            Call::Credentials(which) => answer(self.credentials(notification, which, arguments)),
            Call::KeepCapabilities => answer(self.change(notification, |identity| {
                identity.keep_capabilities(arguments[1] != 0);
                Ok(0)
            })),
            made => self.made(made, &tracee, arguments),
        }
    }

    /// The calls whose outcome depends on who makes them.
    fn made(&self, call: Call, tracee: &Tracee<'_>, arguments: [u64; 6]) -> Answer {
        let Some(identity) = self.identities.of(tracee.thread) else {
            return Answer::Continue;
        };
        let [first, second, third, fourth, ..] = arguments;
        let made = match call {
            Call::ChangeOwner => {
                let powerful = self.is_able(identity, Capability::Chown);
                let changed = owners::change(tracee, arguments, identity, powerful);
                Some(answer(changed.map(|()| 0)))
            }
            Call::Open => {
                let how = How {
                    flags: third,
                    mode: fourth,
                    resolve: 0,
                };
                creation::open(tracee, (first, second), how, identity)
            }
            Call::OpenHow => How::read(tracee, third)
                .and_then(|how| creation::open(tracee, (first, second), how, identity)),
            Call::MakeDirectory => creation::make_directory(tracee, arguments, identity),
            Call::MakeLink => creation::make_link(tracee, arguments, identity),
            Call::MakeNode => {
                let powerful = self.is_able(identity, Capability::Mknod);
                creation::make_node(tracee, arguments, identity, powerful)
            }
            Call::Bind => sockets::bind(tracee, arguments, identity),
            _ => None,
        };
        made.unwrap_or(Answer::Continue)
    }

    fn change_root(&mut self) -> Answer {
        self.roots.may_differ();
        Answer::Continue
    }

    fn is_able(&self, identity: &Identity, capability: Capability) -> bool {
        identity.is_powerful() && self.capabilities.contains(capability)
    }

    fn is_powerful(&self, tracee: &Tracee<'_>) -> bool {
        let identity = self.identities.of(tracee.thread);
        identity.is_none_or(Identity::is_powerful)
    }

    fn credentials(
        &mut self,
        notification: &Notification,
        which: Credential,
        arguments: [u64; 6],
    ) -> Result<i64, Errno> {
        let powers = Powers {
            over_users: self.capabilities.contains(Capability::Setuid),
            over_groups: self.capabilities.contains(Capability::Setgid),
        };
        if which.is_getter() {
            let tracee = Tracee::new(self.listener.as_fd(), notification);
            let identity = self.identities.of(tracee.thread).ok_or(Errno::SRCH)?;
            return credentials::get(&tracee, which, arguments, identity);
        }
        // A second borrow of the listener, while identities change.
        let listener = rustix::io::fcntl_dupfd_cloexec(&self.listener, 3)?;
        self.change(notification, |identity| {
            let tracee = Tracee::new(listener.as_fd(), notification);
            credentials::set(&tracee, which, arguments, identity, powers)
        })
    }

    /// Changes who a process is.
    fn change(
        &mut self,
        notification: &Notification,
        change: impl FnOnce(&mut Identity) -> Result<i64, Errno>,
    ) -> Result<i64, Errno> {
        let identity = self.identities.of(notification.thread);
        let mut identity = identity.ok_or(Errno::SRCH)?.clone();
        let returned = change(&mut identity)?;
        Tracee::new(self.listener.as_fd(), notification).check()?;
        self.identities.set(notification.thread, identity)?;
        Ok(returned)
    }
}

fn answer(returned: Result<i64, Errno>) -> Answer {
    match returned {
        Ok(value) => Answer::Value(value),
        Err(errno) => Answer::Fail(errno),
    }
}
