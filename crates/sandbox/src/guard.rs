//! A process that outlives this one by a moment, to kill the sandboxes that it leaves.
//!
//! The kernel does that by itself (`PR_SET_PDEATHSIG`), except for a process that has taken on other credentials,
//! which forgets the wish. Images of databases do that in their entry points, by gosu or su-exec, and whoever is killed
//! with SIGKILL cannot clean up after himself. So the guard, this executable again, is told of every child by its
//! descriptor, and acts when its socket says that nobody is at the other end any more. Then it
//! removes their control groups, too.

use std::ffi::OsStr;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg};
use rustix::process::Signal;

use crate::{Stdio, cgroup, companion, sys};

/// First argument of the guard.
pub(crate) const NAME: &str = "step-guard";

/// The longest path of a control group that is taken care of.
const LONGEST: usize = 4096;

/// How long children may take to end when they were killed, before their control groups are removed.
const PATIENCE: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// Has a process of this one's killed when this one ends, however that happens. Where there can be no guard, there is still the
/// kernel.
pub fn end_with_this_process(pidfd: BorrowedFd<'_>) {
    tell(&[pidfd], b"!");
}

/// Has the guard remove a control group if this process does not come to it.
pub(crate) fn remove_group(directory: &Path) {
    tell(&[], directory.as_os_str().as_bytes());
}

/// Starts the guard now, if it is not there yet.
pub(crate) fn prepare() {
    tell(&[], b"?");
}

fn tell(descriptors: &[BorrowedFd<'_>], message: &[u8]) {
    static GUARD: OnceLock<Option<OwnedFd>> = OnceLock::new();
    if let Some(socket) = GUARD.get_or_init(|| companion::start(NAME)) {
        // Never waiting: a guard that does not listen is as good as none.
        let _ = companion::send(socket, descriptors, message, SendFlags::DONTWAIT);
    }
}

/// Is the guard. `argument` is the number of the socket's descriptor.
pub(crate) fn run(argument: Option<&OsStr>) -> ! {
    let number = companion::socket_number(argument);
    let code = match number.ok_or(Errno::INVAL).and_then(guard) {
        Ok(()) => 0,
        Err(_) => 125,
    };
    std::process::exit(code)
}

fn guard(number: i32) -> Result<(), Errno> {
    let socket = sys::adopt(number)?;
    // It is to stay when its parent ends, when Ctrl-C is pressed, and it shall not keep anything else open: somebody may
    // wait for the end of what is written to a pipe.
    rustix::process::set_parent_process_death_signal(None)?;
    let _ = rustix::process::setsid();
    let Stdio {
        stdin,
        stdout,
        stderr,
    } = Stdio::null().map_err(|_| Errno::NOENT)?;
    rustix::stdio::dup2_stdin(stdin)?;
    rustix::stdio::dup2_stdout(stdout)?;
    rustix::stdio::dup2_stderr(stderr)?;
    sys::close_all_but(&[number])?;
    // Nothing of the caller's file systems is needed, and none should be kept busy.
    rustix::process::chdir("/")?;

    let mut kept = Kept::default();
    while listen(&socket, &mut kept)? {}
    for child in &kept.children {
        let _ = rustix::process::pidfd_send_signal(child, Signal::KILL);
    }
    if !kept.groups.is_empty() {
        for child in &kept.children {
            let _ = poll(&mut [PollFd::new(child, PollFlags::IN)], Some(&PATIENCE));
        }
        // Most were removed by their owner.
        kept.groups.iter().for_each(|group| cgroup::remove(group));
    }
    Ok(())
}

/// What the guard was told of.
#[derive(Default)]
struct Kept {
    children: Vec<OwnedFd>,
    groups: Vec<PathBuf>,
}

/// Waits until there is a new child, or one has ended. Whether to go on: no, if the caller has ended.
fn listen(socket: &OwnedFd, kept: &mut Kept) -> Result<bool, Errno> {
    let mut wanted: Vec<PollFd<'_>> = [socket]
        .into_iter()
        .chain(&kept.children)
        .map(|fd| PollFd::new(fd, PollFlags::IN))
        .collect();
    match poll(&mut wanted, None) {
        Err(Errno::INTR) => return Ok(true),
        polled => polled?,
    };
    let is_ready: Vec<bool> = wanted.iter().map(|fd| !fd.revents().is_empty()).collect();
    let mut ended = is_ready[1..].iter();
    kept.children
        .retain(|_| !ended.next().copied().unwrap_or(false));
    match is_ready[0] {
        true => receive(socket.as_fd(), kept),
        false => Ok(true),
    }
}

fn receive(socket: BorrowedFd<'_>, kept: &mut Kept) -> Result<bool, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; LONGEST];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = match recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut control,
        flags,
    ) {
        Err(Errno::INTR) => return Ok(true),
        // The caller has ended.
        Err(Errno::CONNRESET) => return Ok(false),
        message => message?,
    };
    let length = message.bytes;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            kept.children.extend(descriptors);
        }
    }
    if bytes[0] == b'/' {
        // A group that is gone already need not be remembered.
        kept.groups.retain(|group| group.exists());
        kept.groups
            .push(PathBuf::from(OsStr::from_bytes(&bytes[..length])));
    }
    Ok(length > 0)
}
