//! One of several processes does what all of them need.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode};
use rustix::io::Errno;

use crate::scratch::{Locked, lock_dir};
use crate::{Error, SnapshotId, Store};

/// How often somebody who waits looks whether it is their turn, or time to stop.
const LOOK: Duration = Duration::from_millis(20);

/// The right to unpack a layer, which one process has at a time: a locked directory in `tmp/`.
///
/// The kernel drops the lock when the process ends, however it ends; what is left of the directory is locked by the
/// next one who needs the layer, or swept like other unfinished work.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Store {
    /// The right to unpack this layer: waits while somebody else has it. The layer may be there then.
    ///
    /// # Errors
    /// [`Error::Stopped`] if `proceed` said no, [`Error::Io`].
    pub(super) fn claim_layer(
        &self,
        id: &SnapshotId,
        proceed: &dyn Fn() -> bool,
    ) -> Result<Claim, Error> {
        let path = self.layout().tmp().join(format!("layer-{id}"));
        loop {
            match rustix::fs::mkdir(&path, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(e) => return Err(Error::io("create", &path)(e)),
            }
            match lock_dir(&path, FlockOperation::NonBlockingLockExclusive)? {
                Locked::Taken(lock) => return Ok(Claim { path, _lock: lock }),
                // Whoever had it is done.
                Locked::Gone => {}
                Locked::Busy => std::thread::sleep(LOOK),
            }
            if !proceed() {
                return Err(Error::Stopped);
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Before the lock goes: who gets that then sees that there is nothing to be locked any more.
        let _ = fs::remove_dir(&self.path);
    }
}
