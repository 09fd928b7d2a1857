//! Users and groups where there is only one of each: a process that answers system calls in the kernel's place.
//!
//! In a user namespace of a single ID all processes are one user, and all files belong to that one (user_namespaces(7)).
//! What builds of images do with others (chown(2), setuid(2), stat(2) of what was given away) is caught by a filter
//! (seccomp_unotify(2)) and answered by the supervisor: it knows who each process takes itself for, records
//! the owner of files at the files themselves, as `rootfs::record_owners` has it, and tells processes what is recorded.
//!
//! It gives names, not walls: the kernel goes on to take all processes for root of the namespace, so that `USER app` can
//! write what root can.
//!
//! Where there are several IDs, the [recorder] hears of chown(2) to others, and of nothing else.
//!
//! ```text
//! carafe ──┬── step-supervisor      mounts and root of the sandbox; PID namespace of carafe
//!          └── step-init → program  filter whose questions go to the supervisor
//! ```

use std::ffi::CString;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use crate::protocol::{At, Failure};
use crate::seccomp::Foreign;
use crate::step::Step;
use crate::sys::{self, Strings, notification};
use crate::{Error, User, executable, guard, seccomp};

mod attributes;
mod calls;
mod creation;
mod credentials;
mod execution;
mod identities;
mod identity;
mod limits;
mod object;
mod owners;
mod power;
mod process;
pub(crate) mod recorder;
mod roots;
mod serve;
mod sockets;
mod times;
mod tracee;
mod view;

pub(crate) use power::Power;
pub(crate) use process::run;

/// First argument of the supervisor.
pub(crate) const NAME: &str = "step-supervisor";

/// Whether sandboxes of this process have a supervisor: where owners are recorded, as they can only be so, and the
/// kernel has what it takes.
pub(crate) fn is_needed() -> bool {
    static IS_POSSIBLE: OnceLock<bool> = OnceLock::new();
    rootfs::are_owners_recorded() && *IS_POSSIBLE.get_or_init(is_possible)
}

/// Whether the kernel has what a supervisor takes, and lets it look into the memory of processes (of Yama's scopes, the
/// last one does not).
pub(crate) fn is_possible() -> bool {
    let scope = std::fs::read("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    notification::can_notify() && !scope.starts_with(b"3")
}

/// The way from the first process of a sandbox to its supervisor.
pub(crate) struct Channel {
    /// The supervisor's end.
    pub(crate) supervisor: OwnedFd,
    /// The end of the process.
    pub(crate) process: OwnedFd,
}

impl Channel {
    /// Makes one, where a supervisor is needed.
    pub(crate) fn make() -> Result<Option<Self>, Errno> {
        if !is_needed() {
            return Ok(None);
        }
        let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let (supervisor, process) = socketpair(AddressFamily::UNIX, kind, flags, None)?;
        Ok(Some(Self {
            supervisor: above_streams(supervisor)?,
            process,
        }))
    }
}

/// A descriptor that is not taken for a standard stream.
fn above_streams(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    match fd.as_raw_fd() < 3 {
        true => rustix::io::fcntl_dupfd_cloexec(&fd, 3),
        false => Ok(fd),
    }
}

/// A supervisor, as who started it holds it. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pidfd: OwnedFd,
}

impl Supervisor {
    /// Starts the supervisor of the sandbox whose first process is `child`, with its number, who is to be `user` there.
    pub(crate) fn start(
        socket: &OwnedFd,
        (child, number): (BorrowedFd<'_>, u32),
        user: &User,
        power: Power,
    ) -> Result<Self, Error> {
        let process = rustix::io::fcntl_dupfd_cloexec(child, 3).map_err(failed)?;
        let descriptors = (socket.as_raw_fd(), process.as_raw_fd());
        let arguments = process::arguments(descriptors, number, user, power);
        Self::execute(NAME, arguments, [descriptors.0, descriptors.1])
    }

    /// Starts this executable as `name`, with descriptors that the arguments tell of.
    fn execute(name: &str, arguments: Vec<String>, inherited: [i32; 2]) -> Result<Self, Error> {
        let arguments = [name.to_owned()]
            .into_iter()
            .chain(arguments)
            .map(|argument| CString::new(argument).expect("names and digits"));
        let arguments = Strings::new(arguments.collect());
        let started = sys::clone_and_execute(0, executable::protected()?, &arguments, &inherited)
            .map_err(|failure| match failure {
            sys::StartFailure::Clone(errno) | sys::StartFailure::Execute(errno) => failed(errno),
        })?;
        guard::end_with_this_process(started.pidfd.as_fd());
        Ok(Self {
            pidfd: started.pidfd,
        })
    }

    /// Waits for the end of `process`, or of the supervisor, whichever comes first.
    pub(crate) fn wait_for(&self, process: BorrowedFd<'_>) {
        let mut either = [
            PollFd::new(&process, PollFlags::IN),
            PollFd::new(&self.pidfd, PollFlags::IN),
        ];
        while poll(&mut either, None) == Err(Errno::INTR) {}
    }

    /// How the supervisor has failed, if it has. It ends by itself when all its processes have ended.
    pub(crate) fn failure(&self) -> Option<String> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), options).ok()??;
        match (status.exit_status(), status.terminating_signal()) {
            (Some(0), _) => None,
            (Some(code), _) => Some(format!("exit code {code}")),
            (None, Some(signal)) => Some(format!("signal {signal}")),
            (None, None) => None,
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Neither can fail for a child of this process.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        let process = || WaitId::PidFd(self.pidfd.as_fd());
        while let Err(Errno::INTR) = waitid(process(), WaitIdOptions::EXITED) {}
    }
}

fn failed(errno: Errno) -> Error {
    Error::kernel(Step::StartSupervisor, "", errno)
}

/// In the first process of the sandbox: has the supervisor answer its calls from now on, and those of all it starts.
pub(crate) fn submit(socket: BorrowedFd<'_>) -> Result<(), Failure> {
    let asked = calls::rows().map(|row| {
        let number = u32::try_from(row.number).expect("numbers are not negative");
        (number, row.question)
    });
    let filter = seccomp::questions(asked, Foreign::Absent);
    let listener = notification::install_listener(&filter).at(Step::InstallListener)?;
    hand_over(socket, listener).at(Step::Supervise)
}

fn hand_over(socket: BorrowedFd<'_>, listener: OwnedFd) -> Result<(), Errno> {
    send_listener(socket, &listener)?;
    // When the supervisor has ended, calls shall fail instead of waiting.
    drop(listener);
    let mut word = [0];
    loop {
        match recv(socket, &mut word, RecvFlags::empty()) {
            Ok((0, _)) | Err(Errno::CONNRESET) => return Err(Errno::PIPE),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn send_listener(socket: BorrowedFd<'_>, listener: &OwnedFd) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [listener.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    // Where processes are shared, this is the number that others know it by.
    let number = rustix::process::getpid().as_raw_nonzero().get();
    sendmsg(
        socket,
        &[IoSlice::new(&number.to_ne_bytes())],
        &mut control,
        SendFlags::NOSIGNAL,
    )
    .map(drop)
}
