//! A network of one's own.

use std::os::fd::AsFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::Network;
use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::sys;

/// Brings up the loopback interface of a new network namespace, which is there but down. The kernel gives it its
/// addresses with that.
pub(crate) fn prepare(network: Network) -> Result<(), Failure> {
    if network == Network::Host {
        return Ok(());
    }
    // Any socket will do to speak to the interfaces: netdevice(7).
    let (family, kind) = (AddressFamily::INET, SocketType::DGRAM);
    socket_with(family, kind, SocketFlags::CLOEXEC, None)
        .and_then(|socket| sys::bring_up_loopback(socket.as_fd()))
        .at(Step::Loopback)
}
