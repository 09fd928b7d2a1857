//! A process that outlives this one by a moment, to kill the sandboxes that it leaves.
//!
//! The kernel does that by itself (`PR_SET_PDEATHSIG`), except for a process that has taken on other credentials,
//! which forgets the wish. Images of databases do that in their entry points, by gosu or su-exec, and whoever is killed
//! with SIGKILL cannot clean up after himself. So the guard, this executable again, is told of every child by its
//! descriptor, and acts when its socket says that nobody is at the other end any more. It also removes the children's
//! control groups, which are directories and do not end by themselves.

use std::ffi::{CString, OsStr};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::process::Signal;

use crate::sys::{self, Strings};
use crate::{Stdio, executable};

/// First argument of the guard.
pub(crate) const NAME: &str = "step-guard";

/// What parts the paths of control groups in a message.
const SEPARATOR: u8 = 0;

/// The most that is read of a message.
const LONGEST: usize = 8192;

/// Has the guard watch over a child, and over the control groups whose `cgroup.procs` are open as `groups`. Where there
/// can be no guard, there is still the kernel, and the next one who makes a group.
pub(crate) fn watch(pidfd: BorrowedFd<'_>, groups: &[OwnedFd]) {
    static GUARD: OnceLock<Option<OwnedFd>> = OnceLock::new();
    if let Some(socket) = GUARD.get_or_init(start) {
        // Never waiting: a guard that does not listen is as good as none.
        let paths: Vec<Vec<u8>> = groups.iter().filter_map(directory).collect();
        let _ = send(socket, pidfd, &paths.join(&SEPARATOR));
    }
}

/// The directory that an open file is in.
fn directory(file: &OwnedFd) -> Option<Vec<u8>> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    let path = std::fs::read_link(link).ok()?;
    Some(path.parent()?.as_os_str().as_bytes().to_vec())
}

fn start() -> Option<OwnedFd> {
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, flags, None).ok()?;
    let theirs = rustix::io::fcntl_dupfd_cloexec(theirs, 3).ok()?;
    let number = theirs.as_raw_fd();
    let arguments = [NAME, &number.to_string()]
        .map(|argument| CString::new(argument).expect("neither has a NUL byte"));
    let arguments = Strings::new(arguments.into());
    sys::clone_and_execute(0, executable::protected().ok()?, &arguments, &[number]).ok()?;
    Some(ours)
}

fn send(socket: &OwnedFd, pidfd: BorrowedFd<'_>, groups: &[u8]) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [pidfd];
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    // A message is never empty: that is how the end looks.
    let words = [IoSlice::new(groups), IoSlice::new(&[SEPARATOR])];
    sendmsg(socket, &words, &mut control, flags).map(drop)
}

/// Is the guard. `argument` is the number of the socket's descriptor.
pub(crate) fn run(argument: Option<&OsStr>) -> ! {
    let number = argument
        .and_then(OsStr::to_str)
        .and_then(|text| text.parse().ok());
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

    let mut watched = Watched::default();
    while listen(&socket, &mut watched)? {}
    watched.clear_away();
    Ok(())
}

/// What there is to be cleared away.
#[derive(Default)]
struct Watched {
    children: Vec<OwnedFd>,
    /// Those of children that have ended, too: their owner may not have come to it.
    groups: Vec<Vec<u8>>,
}

impl Watched {
    fn clear_away(self) {
        for child in &self.children {
            let _ = rustix::process::pidfd_send_signal(child, Signal::KILL);
        }
        if self.groups.is_empty() {
            return;
        }
        for child in &self.children {
            let _ = poll(&mut [PollFd::new(child, PollFlags::IN)], Some(&PATIENCE));
        }
        for group in self.groups {
            // The kernel may still be clearing away the last process.
            for _ in 0..40 {
                match rustix::fs::rmdir(&group) {
                    Err(Errno::BUSY) => std::thread::sleep(Duration::from_millis(5)),
                    _ => break,
                }
            }
        }
    }
}

/// How long a killed process is waited for.
const PATIENCE: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// Waits until there is a new child, or one has ended. Whether to go on: no, if the caller has ended.
fn listen(socket: &OwnedFd, watched: &mut Watched) -> Result<bool, Errno> {
    let mut wanted: Vec<PollFd<'_>> = [socket]
        .into_iter()
        .chain(&watched.children)
        .map(|fd| PollFd::new(fd, PollFlags::IN))
        .collect();
    match poll(&mut wanted, None) {
        Err(Errno::INTR) => return Ok(true),
        polled => polled?,
    };
    let is_ready: Vec<bool> = wanted.iter().map(|fd| !fd.revents().is_empty()).collect();
    let mut ended = is_ready[1..].iter();
    watched
        .children
        .retain(|_| !ended.next().copied().unwrap_or(false));
    match is_ready[0] {
        true => receive(socket.as_fd(), watched),
        false => Ok(true),
    }
}

fn receive(socket: BorrowedFd<'_>, watched: &mut Watched) -> Result<bool, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut words = [0; LONGEST];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = match recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut words)],
        &mut control,
        flags,
    ) {
        Err(Errno::INTR) => return Ok(true),
        // The caller has ended.
        Err(Errno::CONNRESET) => return Ok(false),
        message => message?,
    };
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            watched.children.extend(descriptors);
        }
    }
    let bytes = message.bytes;
    let groups = words[..bytes].split(|byte| *byte == SEPARATOR);
    let groups = groups.filter(|group| !group.is_empty());
    watched.groups.extend(groups.map(<[u8]>::to_vec));
    Ok(bytes > 0)
}
