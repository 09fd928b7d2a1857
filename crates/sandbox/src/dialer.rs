//! Connections into the network namespace of a child.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::Error;
use crate::step::Step;

/// Connects to addresses as they are seen inside a child's network namespace: the far end of a published port.
#[derive(Debug)]
pub struct Dialer {
    pidfd: OwnedFd,
}

impl Dialer {
    pub(crate) fn new(pidfd: OwnedFd) -> Self {
        Self { pidfd }
    }

    /// Connects to `address`, say `127.0.0.1:80`, inside the namespace.
    ///
    /// # Errors
    /// When the child is gone, its namespace cannot be entered, or the connection is refused.
    pub fn connect(&self, address: SocketAddr) -> Result<TcpStream, Error> {
        // A namespace is a thread's, so that a thread is made for each connection and ends with it. The socket stays
        // in the network in which it was made.
        std::thread::scope(|scope| scope.spawn(|| self.connect_here(address)).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn connect_here(&self, address: SocketAddr) -> Result<TcpStream, Error> {
        move_into_thread_name_spaces(self.pidfd.as_fd(), ThreadNameSpaceType::NETWORK)
            .map_err(|errno| Error::kernel(Step::EnterNetwork, "", errno))?;
        TcpStream::connect(address).map_err(|e| {
            let errno = Errno::from_io_error(&e).unwrap_or(Errno::IO);
            Error::kernel(Step::Connect, address.to_string(), errno)
        })
    }
}
