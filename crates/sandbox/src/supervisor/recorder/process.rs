//! The recorder's process: with the mounts of the sandbox, and a root that each path of a process begins at, so that none leads anywhere
//! else.

use std::env::ArgsOs;
use std::os::fd::{AsFd, OwnedFd};

use rootfs::Record;
use rustix::fs::{AtFlags, CWD, Gid, Uid};
use rustix::io::Errno;

use super::super::identity::NONE;
use super::super::object::Opened;
use super::super::power::Power;
use super::super::process::{BROKEN, enter, stand_aside};
use super::super::roots::Roots;
use super::super::serve;
use super::super::tracee::Tracee;
use super::{LastIds, rows};
use crate::sys::notification::{self, Answer, Notification};
use crate::{Capability, sys};

/// A recorder at work.
struct Recorder {
    listener: OwnedFd,
    roots: Roots,
    last: LastIds,
    /// The number of the user namespace that the IDs are of.
    namespace: u64,
}

/// Is the recorder.
pub(crate) fn run(arguments: ArgsOs) -> ! {
    let code = match read(arguments)
        .ok_or(Errno::INVAL)
        .and_then(|orders| record(&orders))
    {
        Ok(()) => 0,
        Err(_) => BROKEN,
    };
    std::process::exit(code)
}

/// What it is told on its command line, in decimal digits: the descriptors of the listener and of the sandbox's first process, the last
/// IDs, the number of the user namespace, what the sandbox may do.
struct Orders {
    descriptors: [i32; 2],
    last: LastIds,
    namespace: u64,
    power: Power,
}

/// The command line for [`run`].
pub(super) fn arguments(
    [listener, process]: [i32; 2],
    (uid, gid): LastIds,
    namespace: u64,
    power: Power,
) -> Vec<String> {
    vec![
        listener.to_string(),
        process.to_string(),
        uid.to_string(),
        gid.to_string(),
        namespace.to_string(),
        power.to_word(),
    ]
}

fn read(arguments: ArgsOs) -> Option<Orders> {
    let arguments: Vec<String> = arguments
        .map(|argument| argument.into_string().ok())
        .collect::<Option<_>>()?;
    let [listener, process, uid, gid, namespace, power] = arguments.as_slice() else {
        return None;
    };
    Some(Orders {
        descriptors: [listener.parse().ok()?, process.parse().ok()?],
        last: (uid.parse().ok()?, gid.parse().ok()?),
        namespace: namespace.parse().ok()?,
        power: Power::read(power)?,
    })
}

fn record(orders: &Orders) -> Result<(), Errno> {
    let [listener, process] = orders.descriptors;
    let (listener, process) = (sys::adopt(listener)?, sys::adopt(process)?);
    stand_aside()?;
    rootfs::record_owners_beyond(orders.last);
    let mut roots = Roots::new(enter(&process, orders.power)?);
    // Nobody has told what processes did before the first question.
    roots.may_differ();
    notification::answer_synchronously(listener.as_fd());
    let recorder = Recorder {
        listener,
        roots,
        last: orders.last,
        namespace: orders.namespace,
    };
    recorder.serve()
}

impl Recorder {
    fn serve(mut self) -> Result<(), Errno> {
        while let Some(notification) = serve::next(self.listener.as_fd())? {
            let answer = self.answer(&notification);
            notification::answer(self.listener.as_fd(), notification.id, &answer);
        }
        Ok(())
    }

    /// What is wrong the kernel finds, too.
    fn answer(&mut self, notification: &Notification) -> Answer {
        let row = rows().find(|row| row.number == notification.number);
        let followed = self.roots.follow(notification.thread);
        let (Some(row), Ok(())) = (row, followed) else {
            return Answer::Continue;
        };
        let tracee = Tracee::new(self.listener.as_fd(), notification);
        let arguments = (row.arrange)(notification.arguments);
        self.change(&tracee, arguments).unwrap_or(Answer::Continue)
    }

    /// fchownat(2). `None` where the kernel has the last word.
    fn change(&self, tracee: &Tracee<'_>, arguments: [u64; 6]) -> Option<Answer> {
        let [directory, path, uid, gid, flags, _] = arguments;
        // In a user namespace of its own the same numbers are others.
        if !self.is_of_namespace(tracee.thread) {
            return None;
        }
        let own = tracee.status().ok()?.capabilities()?;
        let object = tracee.object(directory, path, flags as i32).ok()?;
        let file = object.open(tracee).ok()?;
        if !own.contains(Capability::Chown) {
            return Some(Answer::Fail(Errno::PERM));
        }
        // Who may not do what this process did to find the file finds it by itself, or does not.
        if !own.contains(Capability::DacOverride) {
            return None;
        }
        let given = (uid as u32, gid as u32);
        Some(match self.give(tracee, &file, given) {
            Ok(()) => Answer::Value(0),
            Err(errno) => Answer::Fail(errno),
        })
    }

    fn is_of_namespace(&self, thread: u32) -> bool {
        let path = format!("{thread}/ns/user");
        let found = rustix::fs::statat(CWD, path, AtFlags::empty());
        found.is_ok_and(|found| found.st_ino == self.namespace)
    }

    fn give(
        &self,
        tracee: &Tracee<'_>,
        file: &Opened,
        (uid, gid): (u32, u32),
    ) -> Result<(), Errno> {
        let kernel = rustix::fs::fstat(file.file())?;
        let kernel = (kernel.st_uid, kernel.st_gid);
        let now = rootfs::owner_by(kernel, file.record().owner);
        // Who looks at the owner to give it again, as busybox does to change the group only, has seen the last ID.
        let or = |id: u32, last: u32, kernel: u32, now: u32| match id {
            NONE => now,
            id if id == last && kernel == last => now,
            id => id,
        };
        let owner = (
            or(uid, self.last.0, kernel.0, now.0),
            or(gid, self.last.1, kernel.1, now.1),
        );
        // A time has no room for the greatest.
        if !file.has_attributes() && rootfs::owner_to_time(owner).is_none() {
            return Err(Errno::INVAL);
        }
        tracee.check()?;
        let nearest = |id: u32, last: u32| (id != NONE).then_some(id.min(last));
        // For its errors, too, and all else that it does to a file.
        rustix::fs::chownat(
            file.file(),
            "",
            nearest(uid, self.last.0).map(Uid::from_raw),
            nearest(gid, self.last.1).map(Gid::from_raw),
            AtFlags::EMPTY_PATH,
        )?;
        let device = None;
        file.set_record(Record { owner, device })
    }
}
