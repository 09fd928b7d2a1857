//! UNIX sockets: whose their names are, and who is at the other end.

use std::ffi::CString;
use std::os::fd::AsFd;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::calls::CWD;
use super::creation::Place;
use super::identities::Identities;
use super::identity::Identity;
use super::tracee::{Status, Tracee};
use crate::sys::notification::{self, Answer};

/// `struct ucred`: process, user and group.
const SIZE: usize = 12;

/// getsockopt(2) with `SO_PEERCRED`: tells who the peer is. Nothing if it is no process of the sandbox's: the kernel may answer.
pub(super) fn tell_peer(
    tracee: &Tracee<'_>,
    [socket, level, _, to, size, _]: [u64; 6],
    identities: &Identities,
) -> Result<Option<()>, Errno> {
    if level as i32 != libc::SOL_SOCKET {
        return Ok(None);
    }
    let socket = tracee.descriptor(socket as i32)?;
    let Some(peer) = notification::socket_peer(socket.as_fd())? else {
        return Ok(None);
    };
    let thread = peer.as_raw_nonzero().get().cast_unsigned();
    let Some(identity) = identities.of(thread) else {
        return Ok(None);
    };
    let process = Status::of(thread)?.inner_number().ok_or(Errno::SRCH)?;
    let mut credentials = Vec::with_capacity(SIZE);
    credentials.extend(process.to_ne_bytes());
    credentials.extend(identity.user.effective.to_ne_bytes());
    credentials.extend(identity.group.effective.to_ne_bytes());
    let room = u32::from_ne_bytes(tracee.read(size)?).min(SIZE as u32);
    tracee.write(to, &credentials[..room as usize])?;
    tracee.write(size, &room.to_ne_bytes())?;
    Ok(Some(()))
}

/// bind(2) of a UNIX socket to a path: as the process itself would do it, from its working directory, as the address is
/// kept as it was given.
pub(super) fn bind(
    tracee: &Tracee<'_>,
    [socket, address, length, ..]: [u64; 6],
    identity: &Identity,
) -> Option<Answer> {
    let mut bytes = [0; size_of::<libc::sockaddr_un>()];
    let length = usize::try_from(length).ok()?.min(bytes.len());
    tracee.fill(address, &mut bytes[..length]).ok()?;
    let (family, path) = bytes[..length].split_at_checked(2)?;
    let path = path.split(|&byte| byte == 0).next()?;
    // An abstract address, or none, begins with a NUL byte: unix(7).
    if i32::from(u16::from_ne_bytes([family[0], family[1]])) != libc::AF_UNIX || path.is_empty() {
        return None;
    }
    let place = Place::find(tracee, (CWD, path), 0, identity)?.of_others()?;
    let socket = tracee.descriptor(socket as i32).ok()?;
    let path = CString::new(path).ok()?;
    let at = Tracee::open_path(&tracee.usable(CWD, b"").ok()?, OFlags::DIRECTORY);
    let (proc, at) = (
        Tracee::open_path(&c".".to_owned(), OFlags::DIRECTORY).ok()?,
        at.ok()?,
    );
    place.make(tracee, |_| {
        let address = rustix::net::SocketAddrUnix::new(&path)?;
        rustix::process::fchdir(&at)?;
        let bound = rustix::net::bind(&socket, &address);
        // Where all paths of this process begin.
        rustix::process::fchdir(&proc).expect("it is an open directory");
        bound
    })
}
