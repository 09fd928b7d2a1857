//! The socket that a step finds its agent at.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustix::fs::{Mode, OFlags};
use rustix::net::Shutdown;
use store::Scratch;

use super::{SshSource, agent};
use crate::Error;

/// More connections at once than this are turned away.
const AT_ONCE: usize = 128;

/// A socket with an agent behind it, for as long as this value lives.
pub(crate) struct AgentSocket {
    listener: Arc<UnixListener>,
    accepting: Option<JoinHandle<()>>,
    path: PathBuf,
    _scratch: Scratch,
}

/// Who may connect: mode, owner and group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Access {
    /// For nobody but this process's user.
    pub(crate) const OWN: Self = Self {
        mode: 0o600,
        uid: 0,
        gid: 0,
    };
}

impl AgentSocket {
    /// Begins to listen, in a directory of its own.
    pub(crate) fn listen(
        source: &SshSource,
        access: Access,
        scratch: Scratch,
    ) -> Result<Self, Error> {
        let path = scratch.path().join("agent");
        let failed = |source| Error::Write {
            path: path.clone(),
            source,
        };
        let listener = bind(scratch.path()).map_err(failed)?;
        chown(&path, Some(access.uid), Some(access.gid)).map_err(failed)?;
        let mode = Permissions::from_mode(access.mode & 0o7777);
        fs::set_permissions(&path, mode).map_err(failed)?;
        let listener = Arc::new(listener);
        let (accepted, source) = (Arc::clone(&listener), source.clone());
        let accepting = std::thread::spawn(move || accept(&accepted, &source));
        Ok(Self {
            listener,
            accepting: Some(accepting),
            path,
            _scratch: scratch,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The socket, for mounting it.
    pub(crate) fn open(&self) -> Result<OwnedFd, Error> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::open(&self.path, flags, Mode::empty()).map_err(|source| Error::Read {
            path: self.path.clone(),
            source: source.into(),
        })
    }
}

impl Drop for AgentSocket {
    fn drop(&mut self) {
        // Wakes the thread that accepts. Those that serve end with their clients, which the step's end has ended.
        let _ = rustix::net::shutdown(&*self.listener, Shutdown::Both);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// A socket's address has room for 107 bytes (unix(7)), and a store may lie deeper than that.
fn bind(directory: &Path) -> io::Result<UnixListener> {
    let directory = File::open(directory)?;
    UnixListener::bind(format!("/proc/self/fd/{}/agent", directory.as_raw_fd()))
}

fn accept(listener: &UnixListener, source: &SshSource) {
    let open = Arc::new(AtomicUsize::new(0));
    while let Ok((client, _)) = listener.accept() {
        if open.fetch_add(1, Ordering::Relaxed) >= AT_ONCE {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (open, source) = (Arc::clone(&open), source.clone());
        std::thread::spawn(move || {
            // A client that does not keep to the protocol hears no more.
            let _ = agent::serve(client, &source);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
