//! A network namespace that is there before the process that will live in it.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::{Error, Network, network, sys};

/// This thread's own, by its magic link: namespaces(7).
const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace without anybody in it, which has the loopback interface, up: somebody else can connect it
/// with the world before there is a process that wants to use it.
#[derive(Debug)]
pub struct NetworkNamespace {
    file: OwnedFd,
}

impl NetworkNamespace {
    /// Makes one, which belongs to the user namespace of this process.
    ///
    /// # Errors
    /// When the kernel makes none, or its loopback interface does not come up.
    pub fn make() -> Result<Self, Error> {
        // A namespace is a thread's: one is made that has the new one, and ends.
        std::thread::scope(|scope| scope.spawn(make_here).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Its descriptor.
    pub(crate) fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Has this process live there.
    pub(crate) fn enter(&self) -> Result<(), Failure> {
        move_into_thread_name_spaces(self.file.as_fd(), ThreadNameSpaceType::NETWORK)
            .at(Step::EnterNetwork)
    }
}

impl From<OwnedFd> for NetworkNamespace {
    fn from(file: OwnedFd) -> Self {
        Self { file }
    }
}

impl AsFd for NetworkNamespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn make_here() -> Result<NetworkNamespace, Error> {
    let failed = |errno| Error::kernel(Step::MakeNetwork, "", errno);
    sys::unshare_network().map_err(failed)?;
    network::prepare(Network::Private).map_err(|failure| failed(failure.errno))?;
    let file = File::open(OWN)
        .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    Ok(NetworkNamespace { file: file.into() })
}
