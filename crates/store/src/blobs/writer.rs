//! Writing a blob: beside its place first, since nobody knows its digest before its end.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use oci::{Algorithm, Descriptor, Digest, Hasher};

use super::growing::{Growing, Growth};
use super::{partial, unsynced};
use crate::store::{Durability, create_new};
use crate::{Error, Store};

const BUFFER: usize = 128 << 10;

/// A blob being written. Dropping it forgets it.
#[derive(Debug)]
pub struct BlobWriter {
    place: Place,
    file: File,
    hasher: Hasher,
    size: u64,
    growth: Option<Watched>,
    /// So much of it is in the file already, and comes once more to be hashed.
    again: u64,
}

/// Somebody reads while it is written, and is told when nothing more comes.
#[derive(Debug)]
struct Watched(Arc<Growth>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// A blob that is complete but not in the store yet. Dropping it forgets it.
#[derive(Debug)]
pub struct NewBlob {
    place: Place,
    digest: Digest,
    size: u64,
}

/// A temporary file, removed when it is no longer wanted.
#[derive(Debug)]
struct Place {
    store: Store,
    path: PathBuf,
    /// Of a blob that may come in part.
    _lock: Option<File>,
    /// Whether it stays for those who go on.
    stays: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        // After the rename there is nothing at the path.
        if !self.stays {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl BlobWriter {
    pub(crate) fn create(store: Store, algorithm: Algorithm) -> Result<BlobWriter, Error> {
        let path = store.temporary_path()?;
        let file = create_new(&path)?;
        let place = Place {
            store,
            path,
            _lock: None,
            stays: false,
        };
        Ok(BlobWriter::new(place, file, algorithm, 0))
    }

    /// One that goes on in a file, which is locked and stays if the blob is not finished.
    pub(super) fn resume(
        store: Store,
        algorithm: Algorithm,
        path: PathBuf,
        (file, present): (File, u64),
    ) -> Result<BlobWriter, Error> {
        let lock = file.try_clone().map_err(Error::io("open", &path))?;
        let place = Place {
            store,
            path,
            _lock: Some(lock),
            stays: true,
        };
        Ok(BlobWriter::new(place, file, algorithm, present))
    }

    fn new(place: Place, file: File, algorithm: Algorithm, again: u64) -> BlobWriter {
        BlobWriter {
            place,
            file,
            hasher: Hasher::new(algorithm),
            size: 0,
            growth: None,
            again,
        }
    }

    /// How much of the blob was there already. It is to be written again, from [`content`](Self::present_content), and costs no
    /// more than to be hashed.
    pub(crate) fn present(&self) -> u64 {
        self.again
    }

    /// What was there already.
    pub(crate) fn present_content(&self) -> Result<impl Read + Send + use<>, Error> {
        partial::content(&self.place.path, self.again)
    }

    /// Forgets it, also where it would stay.
    pub(crate) fn discard(mut self) {
        self.place.stays = false;
    }

    /// Lets it be read while it is written.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened.
    pub fn watch(&mut self) -> Result<Growing, Error> {
        let path = &self.place.path;
        let file = File::open(path).map_err(Error::io("open", path))?;
        let growth = match &self.growth {
            Some(watched) => Arc::clone(&watched.0),
            None => Arc::default(),
        };
        growth.grow(self.size);
        self.growth = Some(Watched(Arc::clone(&growth)));
        Ok(Growing::new(file, growth))
    }

    /// Writes all that a reader gives, in big pieces.
    pub(crate) fn copy(&mut self, from: &mut dyn Read) -> io::Result<u64> {
        let mut buffer = vec![0; BUFFER];
        let mut total = 0;
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(total),
                Ok(n) => {
                    self.write_all(&buffer[..n])?;
                    total += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Ends the blob.
    #[must_use]
    pub fn finish(mut self) -> NewBlob {
        if let Some(watched) = &self.growth {
            watched.0.finish();
        }
        // Whole, it is right or of no use.
        self.place.stays = false;
        // The file is closed: archives may have more members than a process may have files.
        NewBlob {
            place: self.place,
            digest: self.hasher.finish(),
            size: self.size,
        }
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self
            .growth
            .as_ref()
            .is_some_and(|watched| watched.0.is_stopped())
        {
            return Err(io::Error::other("nobody wants it any more"));
        }
        let n = match usize::try_from(self.again).unwrap_or(usize::MAX) {
            0 => self.file.write(bytes)?,
            again => {
                let n = again.min(bytes.len());
                self.again -= n as u64;
                n
            }
        };
        self.hasher.update(&bytes[..n]);
        self.size += n as u64;
        if let Some(watched) = &self.growth {
            watched.0.grow(self.size);
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewBlob {
    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its length.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads it from its beginning, whether it is in the store already or not.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened.
    pub fn open(&self) -> Result<File, Error> {
        match File::open(&self.place.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let kept = self.place.store.blob_path(&self.digest);
                File::open(&kept).map_err(Error::io("open", &kept))
            }
            opened => opened.map_err(Error::io("open", &self.place.path)),
        }
    }

    /// Puts it into the store under its digest. Another process may have done the same: either's will do.
    ///
    /// The content is on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be synced or renamed.
    pub fn keep(&self) -> Result<(), Error> {
        self.keep_with(Durability::Synced)
    }

    /// The same without waiting for the disk, for what can be made again from what is in the store. Should the power fail,
    /// that is found out when the blob is next asked for.
    ///
    /// # Errors
    /// As [`keep`](NewBlob::keep).
    pub(crate) fn keep_made(&self) -> Result<(), Error> {
        self.keep_with(Durability::Cached)
    }

    /// Puts it into the store if it is what `descriptor` says.
    ///
    /// # Errors
    /// [`Error::Content`] if size or digest are not the descriptor's; as [`keep`](NewBlob::keep).
    pub fn keep_as(&self, descriptor: &Descriptor) -> Result<(), Error> {
        self.check(descriptor)?;
        self.keep()
    }

    /// Puts it into the store if it is what `descriptor` says, without waiting for the disk: for what can be had again
    /// from where it came. Should the power fail, that is found out when the blob is next asked for.
    ///
    /// # Errors
    /// As [`keep_as`](NewBlob::keep_as).
    pub fn keep_copy(&self, descriptor: &Descriptor) -> Result<(), Error> {
        self.check(descriptor)?;
        self.keep_with(Durability::Cached)
    }

    fn keep_with(&self, durability: Durability) -> Result<(), Error> {
        let store = &self.place.store;
        let target = store.blob_path(&self.digest);
        if store.has_file(&self.digest)? {
            return match durability {
                Durability::Synced => unsynced::settle(&target),
                Durability::Cached => Ok(()),
            };
        }
        store.make_room(self.size)?;
        let path = &self.place.path;
        let file = File::open(path).map_err(Error::io("open", path))?;
        // Where a file cannot be marked, it is synced after all.
        if durability == Durability::Synced || !unsynced::mark(&file) {
            file.sync_data().map_err(Error::io("sync", path))?;
        }
        if let Some(parent) = target.parent() {
            // Blobs with a SHA-512 digest are rare: their directory is made for the first one.
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        fs::rename(path, &target).map_err(Error::io("rename a new blob to", &target))
    }

    fn check(&self, descriptor: &Descriptor) -> Result<(), Error> {
        let Descriptor {
            digest,
            size: expected,
            ..
        } = descriptor;
        let wrong = match self.size.cmp(expected) {
            std::cmp::Ordering::Greater => oci::Error::TooLong {
                digest: digest.clone(),
                expected: *expected,
            },
            std::cmp::Ordering::Less => oci::Error::TooShort {
                digest: digest.clone(),
                expected: *expected,
                actual: self.size,
            },
            std::cmp::Ordering::Equal if self.digest == *digest => return Ok(()),
            std::cmp::Ordering::Equal => oci::Error::DigestMismatch {
                expected: digest.clone(),
                actual: self.digest.clone(),
            },
        };
        Err(Error::Content {
            digest: digest.clone(),
            source: wrong,
        })
    }
}

/// A reader that writes a blob of what is read.
pub(crate) struct Kept<R> {
    pub(crate) content: R,
    pub(crate) writer: BlobWriter,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.writer.write_all(&buffer[..read])?;
        Ok(read)
    }
}
