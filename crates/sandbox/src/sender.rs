//! Who sends signals to containers of an ordinary user, from outside of every user namespace.
//!
//! Each command of an ordinary user has a namespace of its own, in which it has no power over what other users of other
//! such namespaces do, though all of them are this user's subordinate IDs. Their owner has it only where they were made
//! (user_namespaces(7)): so a process stays there, this executable again, and is given the process and the signal.

use std::ffi::OsStr;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recv, recvmsg, send,
};

use crate::{Error, companion, sys};

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
    if let Some(socket) = companion::start(NAME) {
        // Who has one keeps it.
        let _ = SENDER.set(socket);
    }
    Ok(())
}

/// Has the signal sent from there; `None` if there is nobody.
pub(crate) fn send_from_outside(pidfd: BorrowedFd<'_>, signal: i32) -> Option<Result<(), Errno>> {
    let socket = SENDER.get()?;
    let ask = || {
        companion::send(socket, &[pidfd], &signal.to_ne_bytes(), SendFlags::empty())?;
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
    if let Some(number) = companion::socket_number(argument)
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
