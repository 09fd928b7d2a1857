//! Blobs that nobody waited for: what a power cut takes of them is found out when they are next asked for.
//!
//! Such a file has an extended attribute that names the start of the machine under which it was written. Under the same
//! kernel it is what was written, on the disk or not. Under a later one it is read once and compared with its name:
//! then it is on the disk, and the attribute goes; or it is damaged, and as good as not there.

use std::fs::File;
use std::io;
use std::path::Path;

use oci::{Digest, Hasher};
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use crate::boot::boot_id;
use crate::lease::Lease;
use crate::{Error, Store};

/// The attribute's name.
const MARK: &str = "user.carafe.unsynced";

/// The file is read so much at a time.
const BUFFER: usize = 128 << 10;

/// Says of a file that it was not synced, before it gets its name; `false` if the file system cannot keep that.
pub(super) fn mark(file: &File) -> bool {
    let boot = boot_id().as_bytes();
    rustix::fs::fsetxattr(file, MARK, boot, XattrFlags::empty()).is_ok()
}

/// Waits for the disk where nobody did, so that the file no longer depends on this start of the machine.
pub(super) fn settle(path: &Path) -> Result<(), Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    match rustix::fs::fgetxattr(&file, MARK, &mut [0; 64]) {
        Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(()),
        _ => file.sync_data().map_err(Error::io("sync", path))?,
    }
    // Should that fail, it is compared with its name once more than needed.
    let _ = rustix::fs::fremovexattr(&file, MARK);
    Ok(())
}

impl Store {
    /// Whether a blob is a file, with the content that was written into it.
    pub(crate) fn has_file(&self, digest: &Digest) -> Result<bool, Error> {
        self.hold(Lease::Blob(digest.clone()))?;
        let path = self.blob_path(digest);
        let mut boot = [0; 64];
        match rustix::fs::getxattr(&path, MARK, &mut boot) {
            Ok(length) if boot[..length] == *boot_id().as_bytes() => Ok(true),
            Ok(_) | Err(Errno::RANGE) => is_whole(&path, digest),
            Err(Errno::NODATA) => Ok(true),
            // A file system without attributes does not look for the file first.
            Err(Errno::NOENT | Errno::OPNOTSUPP) => {
                path.try_exists().map_err(Error::io("examine", &path))
            }
            Err(e) => Err(Error::io("examine", &path)(e)),
        }
    }
}

/// Whether a file from before the machine was last started has its digest. If so, nobody has to ask again.
fn is_whole(path: &Path, digest: &Digest) -> Result<bool, Error> {
    let mut file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(Error::io("open", path))?,
    };
    let mut hasher = Hasher::new(digest.algorithm());
    let mut buffer = vec![0; BUFFER];
    loop {
        match io::Read::read(&mut file, &mut buffer) {
            Ok(0) => break,
            Ok(read) => hasher.update(&buffer[..read]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io("read", path)(e)),
        }
    }
    let whole = hasher.finish() == *digest;
    if whole {
        // Should that fail, it is read once more the next time.
        let _ = rustix::fs::fremovexattr(&file, MARK);
    }
    Ok(whole)
}
