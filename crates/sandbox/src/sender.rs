//! Who sends signals to containers of an ordinary user, from outside of every user namespace.
//!
//! Each command of an ordinary user has a namespace of its own, in which it has no power over what other users of other
//! such namespaces do, though all of them are this user's subordinate IDs. Their owner has it only where they were made
//! (user_namespaces(7)): so a process stays there, this executable again, and is given the process and the signal.

use std::ffi::{CString, OsStr};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, send, sendmsg,
    socketpair,
};

use crate::sys::{self, Strings};
use crate::{Error, executable};

/// First argument of the process.
pub(crate) const NAME: &str = "step-sender";

static SENDER: OnceLock<OwnedFd> = OnceLock::new();

/// Starts it, for [`send_signal`](crate::send_signal). To be called by an ordinary user's command before it becomes root of a namespace.
/// Where there can be none signals go as far as they go.
///
/// # Errors
/// When this executable cannot be started again.
pub fn prepare_to_signal() -> Result<(), Error> {
    crate::spawn::check_child_entry()?;
    if let Some(socket) = start() {
        // Who has one keeps it.
        let _ = SENDER.set(socket);
    }
    Ok(())
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

/// Has the signal sent from there; `None` if there is nobody.
pub(crate) fn send_from_outside(pidfd: BorrowedFd<'_>, signal: i32) -> Option<Result<(), Errno>> {
    let socket = SENDER.get()?;
    let ask = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = [pidfd];
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        let number = signal.to_ne_bytes();
        sendmsg(
            socket,
            &[IoSlice::new(&number)],
            &mut control,
            SendFlags::NOSIGNAL,
        )?;
        let mut answer = [0; 4];
        let (_, length) = recv(socket, &mut answer[..], RecvFlags::empty())?;
        match (length, i32::from_ne_bytes(answer)) {
            (4, 0) => Ok(()),
            (4, errno) => Err(Errno::from_raw_os_error(errno)),
            _ => Err(Errno::PERM),
        }
    };
    Some(ask())
}

/// Is that process. `argument` is the number of the socket's descriptor. It ends with its parent.
pub(crate) fn run(argument: Option<&OsStr>) -> ! {
    let number = argument
        .and_then(OsStr::to_str)
        .and_then(|text| text.parse().ok());
    if let Some(number) = number
        && let Ok(socket) = sys::adopt(number)
        && sys::close_all_but(&[number]).is_ok()
    {
        while answer(socket.as_fd()).is_ok() {}
    }
    std::process::exit(0)
}

fn answer(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; 4];
    let mut message = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg(socket, &mut message, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes != 4 {
        return Err(Errno::PIPE);
    }
    let process = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let sent = match process {
        Some(process) => sys::send_signal(process.as_fd(), i32::from_ne_bytes(bytes)),
        None => Err(Errno::BADF),
    };
    let errno = sent.map_or_else(Errno::raw_os_error, |()| 0);
    send(socket, &errno.to_ne_bytes(), SendFlags::NOSIGNAL).map(drop)
}
