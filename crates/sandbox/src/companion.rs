//! Processes beside this one: this executable again, at the other end of a socket.

use std::ffi::{CString, OsStr};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    sendmsg, socketpair,
};

use crate::executable;
use crate::sys::{self, Strings};

/// Starts one by the name of its part. Where there can be none, there is none.
pub(crate) fn start(name: &str) -> Option<OwnedFd> {
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, flags, None).ok()?;
    let theirs = rustix::io::fcntl_dupfd_cloexec(theirs, 3).ok()?;
    let number = theirs.as_raw_fd();
    let arguments = [name, &number.to_string()]
        .map(|argument| CString::new(argument).expect("neither has a NUL byte"));
    let arguments = Strings::new(arguments.into());
    sys::clone_and_execute(0, executable::protected().ok()?, &arguments, &[number]).ok()?;
    Some(ours)
}

/// The number of the socket's descriptor, from the argument that [`start`] gives.
pub(crate) fn socket_number(argument: Option<&OsStr>) -> Option<i32> {
    argument?.to_str()?.parse().ok()
}

/// Sends a message, with descriptors.
pub(crate) fn send(
    socket: &OwnedFd,
    descriptors: &[BorrowedFd<'_>],
    message: &[u8],
    flags: SendFlags,
) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let flags = flags | SendFlags::NOSIGNAL;
    sendmsg(socket, &[IoSlice::new(message)], &mut control, flags).map(drop)
}
