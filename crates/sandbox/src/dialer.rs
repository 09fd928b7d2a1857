//! Connections into the network namespace of a child.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use crate::Error;

/// Connects to addresses as they are seen inside a child's network namespace: the far end of a published port.
#[derive(Debug)]
pub struct Dialer {
    pidfd: OwnedFd,
}

impl Dialer {
    /// Connects to `address`, say `127.0.0.1:80`, inside the namespace.
    ///
    /// # Errors
    /// When the child is gone, its namespace cannot be entered, or the connection is refused.
    pub fn connect(&self, _address: SocketAddr) -> Result<TcpStream, Error> {
        todo!()
    }
}
