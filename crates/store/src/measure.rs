//! How much a snapshot holds.

use std::collections::HashSet;
use std::path::Path;

use rootfs::{Dir, FileKind};

use crate::{Error, Snapshot, SnapshotMeta, Store};

/// What is in a layer's directory, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Names of all kinds.
    pub(crate) entries: u64,
    /// Bytes of regular files, of those with several names once.
    pub(crate) bytes: u64,
    /// What all of it takes on the disk, in bytes.
    pub(crate) disk: u64,
}

impl Census {
    /// Counts what is in a directory.
    pub(crate) fn of(directory: &Path) -> Result<Census, Error> {
        let mut census = Census::default();
        Dir::open(directory)
            .and_then(|dir| census.add(&dir, &mut HashSet::new()))
            .map_err(|source| Error::Root { source })?;
        Ok(census)
    }

    /// What a packed snapshot holds: one file.
    pub(crate) fn of_packed(bytes: u64) -> Census {
        Census {
            entries: 1,
            bytes,
            disk: bytes.next_multiple_of(4096),
        }
    }

    /// The census as a snapshot keeps it, with the boot that it was taken under.
    pub(crate) fn mark(self, boot: &str) -> String {
        format!("{boot} {} {}", self.entries, self.bytes)
    }

    fn add(&mut self, dir: &Dir, linked: &mut HashSet<u64>) -> Result<(), rootfs::Error> {
        for entry in dir.entries()? {
            let Some(metadata) = dir.stat(&entry.name)? else {
                continue;
            };
            self.entries += 1;
            let is_new = metadata.nlink < 2
                || metadata.kind == FileKind::Directory
                || linked.insert(metadata.ino);
            if is_new {
                self.disk += metadata.blocks * 512;
            }
            match metadata.kind {
                FileKind::Directory => self.add(&dir.open_dir(&entry.name)?, linked)?,
                FileKind::File if is_new => self.bytes += metadata.size,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The bytes of the regular files below a directory, files with several names once.
///
/// # Errors
/// [`Error::Root`] if it cannot be read.
pub fn bytes_in(directory: &Path) -> Result<u64, Error> {
    Ok(Census::of(directory)?.bytes)
}

impl Store {
    /// The bytes of a snapshot's regular files, files with several names once.
    ///
    /// # Errors
    /// [`Error::Root`] if the snapshot cannot be read; [`Error::Io`].
    pub fn snapshot_size(&self, snapshot: &Snapshot) -> Result<u64, Error> {
        let meta = snapshot.meta()?;
        if let Some(size) = meta.size {
            return Ok(size);
        }
        if let Some(size) = snapshot.counted()? {
            return Ok(size);
        }
        let size = snapshot.census()?.bytes;
        self.set_snapshot_meta(
            snapshot,
            &SnapshotMeta {
                size: Some(size),
                ..meta
            },
        )?;
        Ok(size)
    }
}
