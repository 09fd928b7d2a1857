//! Blobs that came in part: what a process had fetched when it ended, however it ended, is there for the next one.
//!
//! `partial/<algorithm>-<hex>` is locked by whoever writes it. Nothing in it is relied on: it is hashed with the rest, and if
//! the digest is not right all of it is fetched again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use oci::{Descriptor, Digest};
use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::writer::BlobWriter;
use crate::{Error, Store};

/// Less is fetched anew.
const WORTH_KEEPING: u64 = 256 << 10;

/// What nobody went on with for so long is swept.
pub(crate) const STALE: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// A writer for what `descriptor` names that goes on where another process stopped: what it
    /// [has](BlobWriter::present) comes first again, and is not written.
    pub(crate) fn resuming_writer(&self, descriptor: &Descriptor) -> Result<BlobWriter, Error> {
        let algorithm = descriptor.digest.algorithm();
        if descriptor.size < WORTH_KEEPING {
            return BlobWriter::create(self.clone(), algorithm);
        }
        let path = self.partial_path(&descriptor.digest);
        // Somebody else is at it: both will do.
        let Some(mut file) = open_locked(&path)? else {
            return BlobWriter::create(self.clone(), algorithm);
        };
        let failed = |source| Error::io("read", &path)(source);
        let mut present = file.metadata().map_err(failed)?.len();
        if present > descriptor.size {
            file.set_len(0).map_err(Error::io("write", &path))?;
            present = 0;
        }
        file.seek(SeekFrom::Start(present)).map_err(failed)?;
        BlobWriter::resume(self.clone(), algorithm, path, (file, present))
    }

    /// Removes partial blobs that nobody writes, and that were not written to for so long or are whole elsewhere. What that
    /// gives back, in bytes.
    pub(crate) fn sweep_partial_blobs(&self, unused: Duration) -> Result<u64, Error> {
        let dir = self.layout().partial();
        let entries = match fs::read_dir(&dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries.map_err(Error::io("list", &dir))?,
        };
        let mut freed = 0;
        for entry in entries {
            let path = entry.map_err(Error::io("list", &dir))?.path();
            if self.is_whole_elsewhere(&path) || age(&path) >= unused {
                freed += remove_unlocked(&path)?;
            }
        }
        Ok(freed)
    }

    fn is_whole_elsewhere(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        let digest = name.and_then(|name| name.replacen('-', ":", 1).parse::<Digest>().ok());
        digest.is_some_and(|digest| self.blob_path(&digest).exists())
    }

    fn partial_path(&self, digest: &Digest) -> PathBuf {
        let name = format!("{}-{}", digest.algorithm(), digest.hex());
        self.layout().partial().join(name)
    }
}

/// What a writer has already.
pub(super) fn content(path: &Path, present: u64) -> Result<impl Read + Send + use<>, Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    Ok(file.take(present))
}

/// Opens a file, or makes it, and locks it; `None` if somebody else has the lock.
fn open_locked(path: &Path) -> Result<Option<File>, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    loop {
        let file = match options.open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let dir = path.parent().unwrap_or(path);
                let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
                made.map_err(Error::io("create", dir))?;
                continue;
            }
            opened => opened.map_err(Error::io("open", path))?,
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Ok(None),
            locked => locked.map_err(Error::io("lock", path))?,
        }
        // It may have been finished or swept meanwhile.
        let held = file.metadata().map_err(Error::io("examine", path))?;
        let named = fs::symlink_metadata(path).ok();
        if named.is_some_and(|named| (named.dev(), named.ino()) == (held.dev(), held.ino())) {
            return Ok(Some(file));
        }
    }
}

fn remove_unlocked(path: &Path) -> Result<u64, Error> {
    let Some(file) = open_locked(path)? else {
        return Ok(0);
    };
    let size = file
        .metadata()
        .map_or(0, |metadata| metadata.blocks() * 512);
    fs::remove_file(path).map_err(Error::io("remove", path))?;
    Ok(size)
}

fn age(path: &Path) -> Duration {
    let written = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    let age = written.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
    age.unwrap_or_default()
}
