//! getsockopt(2) with `SO_PEERCRED`: who is at the other end of a UNIX socket.

use rustix::io::Errno;

use super::identities::Identities;
use super::tracee::{Status, Tracee};
use crate::sys::notification;

/// `struct ucred`: process, user and group.
const SIZE: usize = 12;

/// Tells who the peer is. Nothing if it is no process of the sandbox's: the kernel may answer.
pub(super) fn tell(
    tracee: &Tracee<'_>,
    [socket, level, _, to, size, _]: [u64; 6],
    identities: &Identities,
) -> Result<Option<()>, Errno> {
    if level as i32 != libc::SOL_SOCKET {
        return Ok(None);
    }
    let socket = tracee.descriptor(socket as i32)?;
    let Some(peer) = notification::socket_peer(std::os::fd::AsFd::as_fd(&socket))? else {
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
