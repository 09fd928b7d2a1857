//! Listing a directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{FileType, Mode, OFlags, RawDir};

use super::Dir;
use crate::{Error, FileKind};

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name.
    pub name: OsString,
    /// Its kind, where the file system tells without being asked for each.
    pub kind: Option<FileKind>,
}

/// What `getdents64(2)` fills at a time: some 800 names.
const BUFFER: usize = 32 * 1024;

impl Dir {
    /// What is in the directory, without `.` and `..`, sorted by the names' bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be listed.
    pub fn entries(&self) -> Result<Vec<DirEntry>, Error> {
        let failed = |e| Error::io("list", self.path())(e);
        // The position in a directory belongs to the open file: with one of its own, listing needs no `&mut`, and
        // begins at the beginning.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(self, c".", flags, Mode::empty()).map_err(failed)?;
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut raw = RawDir::new(fd, buffer.spare_capacity_mut());
        let mut entries = Vec::new();
        while let Some(entry) = raw.next() {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => None,
                known => Some(FileKind::from(known)),
            };
            entries.push(DirEntry {
                name: OsStr::from_bytes(name).to_owned(),
                kind,
            });
        }
        // Unstable is as good as stable: no name is there twice.
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
