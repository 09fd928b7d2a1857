//! Removing whole trees.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

use super::Dir;
use crate::{Error, FileKind};

/// Below this many directories a tree is cut and its deep part removed as one of its own: neither the stack nor the
/// number of descriptors may depend on how deep somebody made a tree.
const MAX_DEPTH: usize = 64;

impl Dir {
    /// Removes `name` with all that is in it. Nothing is followed and no mount is looked for. If there is no such
    /// name, all is well.
    ///
    /// # Errors
    /// [`Error::Io`] if something cannot be removed, [`Error::BadName`].
    pub fn remove_tree(&self, name: impl AsRef<OsStr>) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        match rustix::fs::unlinkat(self, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            // What unlink answers for a directory on Linux, and what POSIX wants.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(e) => return Err(self.failed("remove", name)(e)),
        }
        let top = match self.open_to_empty(name) {
            Err(Error::NotADirectory { .. }) => return self.remove_file(name),
            opened => opened?,
        };
        top.clear()?;
        self.remove_dir(name)
    }

    /// Removes everything in the directory.
    ///
    /// # Errors
    /// [`Error::Io`] if something cannot be removed.
    pub fn clear(&self) -> Result<(), Error> {
        // What is cut off lands here, and is found by listing once more.
        while self.empty(self, 0)? {}
        Ok(())
    }

    /// Answers whether deep parts of the tree were moved up to `top`.
    fn empty(&self, top: &Dir, depth: usize) -> Result<bool, Error> {
        let mut moved = false;
        for entry in self.entries()? {
            match entry.kind {
                Some(FileKind::Directory) => moved |= self.remove_below(&entry.name, top, depth)?,
                Some(_) => self.remove_file(&entry.name)?,
                None => self.remove_tree(&entry.name)?,
            }
        }
        Ok(moved)
    }

    fn remove_below(&self, name: &OsStr, top: &Dir, depth: usize) -> Result<bool, Error> {
        // Leaves are frequent, and nothing has to be opened for them.
        if rustix::fs::unlinkat(self, name, AtFlags::REMOVEDIR).is_ok() {
            return Ok(false);
        }
        if depth >= MAX_DEPTH && top.adopt(self, name)? {
            return Ok(true);
        }
        let moved = self.open_to_empty(name)?.empty(top, depth + 1)?;
        self.remove_dir(name)?;
        Ok(moved)
    }

    /// Moves `from/name` into this directory, under a name that is free. Answers `false` where it has to stay: in a
    /// merged overlay, directories of the lower layers cannot be renamed.
    fn adopt(&self, from: &Dir, name: &OsStr) -> Result<bool, Error> {
        let mut number = 0_u64;
        let free = loop {
            let free = OsString::from(format!("deep-{number}"));
            if self.stat(&free)?.is_none() {
                break free;
            }
            number += 1;
        };
        match rustix::fs::renameat(from, name, self, &free) {
            Ok(()) => Ok(true),
            Err(Errno::XDEV) => Ok(false),
            Err(e) => Err(from.failed("rename", name)(e)),
        }
    }

    /// Opens a directory whose content is to be removed. Overlayfs leaves directories of mode 000, and steps leave
    /// any mode: the owner may change that.
    fn open_to_empty(&self, name: &OsStr) -> Result<Dir, Error> {
        let flags = super::OPEN_DIR;
        match rustix::fs::openat(self, name, flags, Mode::empty()) {
            Err(Errno::ACCESS) => {
                self.set_mode(name, 0o700)?;
                self.open_dir(name)
            }
            Err(Errno::NOTDIR | Errno::LOOP) => Err(Error::NotADirectory {
                path: self.path().join(name),
            }),
            Err(e) => Err(self.failed("open", name)(e)),
            Ok(fd) => Ok(Dir::from_fd(fd, self.path().join(name))),
        }
    }
}

/// Removes `path`, on the host, with all that is in it. Nothing is followed; if there is nothing, all is well.
///
/// # Errors
/// [`Error::Io`] if something cannot be removed; [`Error::BadName`] if the path does not end with a name.
pub fn remove_tree(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::BadName {
            directory: path.to_owned(),
            name: OsString::new(),
        });
    };
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    match Dir::open(parent) {
        Err(e) if e.io_kind() == Some(std::io::ErrorKind::NotFound) => Ok(()),
        opened => opened?.remove_tree(name),
    }
}
