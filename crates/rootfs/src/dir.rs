//! One directory, held by its descriptor.

mod attributes;
mod entries;
mod layer;
mod remove;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dev, FileType, Mode, OFlags};
use rustix::io::Errno;

pub use entries::DirEntry;
pub use remove::remove_tree;

use crate::owner::{self, Device};
use crate::{Error, Metadata};

/// A directory. Its methods take the name of something *in* it: one component, never followed if it is a symbolic
/// link, so that nothing reaches outside whatever the directory holds.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    /// What it is called in errors: its path in the root, or on the host for a directory opened there.
    path: PathBuf,
}

/// Something that `mknod(2)` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A character device with its major and minor number.
    Char(u32, u32),
    /// A block device with its major and minor number.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
    /// A socket nobody listens on.
    Socket,
}

impl Node {
    /// The device, unless it is overlayfs's whiteout.
    fn device(self) -> Option<Device> {
        let (is_block, number) = match self {
            Node::Char(0, 0) | Node::Fifo | Node::Socket => return None,
            Node::Char(major, minor) => (false, (major, minor)),
            Node::Block(major, minor) => (true, (major, minor)),
        };
        Some(Device { is_block, number })
    }
}

/// A directory to read, list and change: `O_PATH` would not allow `getdents64` or `fchmod`.
const OPEN_DIR: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A file of unknown kind to read: a pipe must not block, a terminal must not become ours.
pub(crate) const OPEN_FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

impl Dir {
    /// Opens a directory of the host.
    ///
    /// # Errors
    /// [`Error::Io`] if `path` is not a directory that can be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Dir, Error> {
        let path = path.as_ref();
        let fd = rustix::fs::openat(CWD, path, OPEN_DIR - OFlags::NOFOLLOW, Mode::empty())
            .map_err(Error::io("open", path))?;
        Ok(Dir::from_fd(fd, path))
    }

    /// A directory that is already open (not with `O_PATH`), and what errors shall call it.
    pub fn from_fd(fd: OwnedFd, path: impl Into<PathBuf>) -> Dir {
        Dir {
            fd,
            path: path.into(),
        }
    }

    /// The descriptor.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Gives the descriptor away.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// What errors call it: its path in the root, or on the host for a directory opened there.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same directory with a descriptor of its own.
    ///
    /// # Errors
    /// [`Error::Io`] if there are no more descriptors.
    pub fn try_clone(&self) -> Result<Dir, Error> {
        let fd = self.fd.try_clone().map_err(Error::io("open", &self.path))?;
        Ok(Dir::from_fd(fd, &self.path))
    }

    /// The directory's own metadata.
    ///
    /// # Errors
    /// [`Error::Io`] if the kernel does not tell.
    pub fn metadata(&self) -> Result<Metadata, Error> {
        Metadata::of_open(self.fd()).map_err(Error::io("examine", &self.path))
    }

    /// The metadata of `name`, or `None` if there is no such thing.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Io`].
    pub fn stat(&self, name: impl AsRef<OsStr>) -> Result<Option<Metadata>, Error> {
        let name = self.name(name.as_ref())?;
        match Metadata::of_name(self.fd(), name) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(self.failed("examine", name)(e)),
        }
    }

    /// Opens the directory `name`.
    ///
    /// # Errors
    /// [`Error::NotADirectory`] also for a symbolic link; [`Error::BadName`], [`Error::Io`].
    pub fn open_dir(&self, name: impl AsRef<OsStr>) -> Result<Dir, Error> {
        let name = self.name(name.as_ref())?;
        match rustix::fs::openat(&self.fd, name, OPEN_DIR, Mode::empty()) {
            Ok(fd) => Ok(Dir {
                fd,
                path: self.path.join(name),
            }),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(Error::NotADirectory {
                path: self.path.join(name),
            }),
            Err(e) => Err(self.failed("open", name)(e)),
        }
    }

    /// Opens the regular file `name` for reading.
    ///
    /// # Errors
    /// [`Error::NotAFile`] for anything else; [`Error::BadName`], [`Error::Io`].
    pub fn open_file(&self, name: impl AsRef<OsStr>) -> Result<File, Error> {
        self.open_file_with_metadata(name).map(|(file, _)| file)
    }

    /// Opens the regular file `name` for reading, and tells what was opened: the file's own metadata, which are not
    /// those of another one that has the name by now.
    ///
    /// # Errors
    /// As [`Dir::open_file`].
    pub fn open_file_with_metadata(
        &self,
        name: impl AsRef<OsStr>,
    ) -> Result<(File, Metadata), Error> {
        let name = self.name(name.as_ref())?;
        let fd = match rustix::fs::openat(&self.fd, name, OPEN_FILE, Mode::empty()) {
            Ok(fd) => fd,
            // A symbolic link; a socket or a device that is not there.
            Err(Errno::LOOP | Errno::NXIO) => {
                return Err(Error::NotAFile {
                    path: self.path.join(name),
                });
            }
            Err(e) => return Err(self.failed("open", name)(e)),
        };
        regular(fd, || self.path.join(name))
    }

    /// Makes the regular file `name` for reading and writing. Set-user-ID and the like have to wait until it has its
    /// owner and its content: see [`Attributes::apply_to`](crate::Attributes::apply_to).
    ///
    /// # Errors
    /// [`Error::Io`] also if something has the name already; [`Error::BadName`].
    pub fn create_file(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<File, Error> {
        let name = self.name(name.as_ref())?;
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(mode & 0o777))
            .map(File::from)
            .map_err(self.failed("create", name))
    }

    /// Makes the directory `name`. The process's umask has its say.
    ///
    /// # Errors
    /// [`Error::Io`] also if something has the name already; [`Error::BadName`].
    pub fn mkdir(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(mode & 0o777))
            .map_err(self.failed("create", name))
    }

    /// Makes the directory `name` and opens it.
    ///
    /// # Errors
    /// As [`Dir::mkdir`] and [`Dir::open_dir`].
    pub fn create_dir(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<Dir, Error> {
        let name = name.as_ref();
        self.mkdir(name, mode)?;
        self.open_dir(name)
    }

    /// Makes the symbolic link `name` to `target`, whatever that is.
    ///
    /// # Errors
    /// [`Error::Io`] also if something has the name already; [`Error::BadName`].
    pub fn symlink(&self, name: impl AsRef<OsStr>, target: impl AsRef<OsStr>) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        rustix::fs::symlinkat(target.as_ref(), &self.fd, name)
            .map_err(self.failed("create the symbolic link", name))
    }

    /// The target of the symbolic link `name`.
    ///
    /// # Errors
    /// [`Error::Io`] also if it is not a symbolic link; [`Error::BadName`].
    pub fn read_link(&self, name: impl AsRef<OsStr>) -> Result<OsString, Error> {
        let name = self.name(name.as_ref())?;
        rustix::fs::readlinkat(&self.fd, name, Vec::with_capacity(256))
            .map(|target| OsString::from_vec(target.into_bytes()))
            .map_err(self.failed("read the symbolic link", name))
    }

    /// Gives `name` another name, `new` in `to`: a hard link, of a symbolic link too.
    ///
    /// # Errors
    /// [`Error::Io`] also if `new` exists already; [`Error::BadName`].
    pub fn link(
        &self,
        name: impl AsRef<OsStr>,
        to: &Dir,
        new: impl AsRef<OsStr>,
    ) -> Result<(), Error> {
        let (name, new) = (self.name(name.as_ref())?, to.name(new.as_ref())?);
        rustix::fs::linkat(&self.fd, name, &to.fd, new, AtFlags::empty())
            .map_err(to.failed("create the hard link", new))
    }

    /// Makes a device, a named pipe or a socket. The process's umask has its say.
    ///
    /// # Errors
    /// [`Error::Io`]: also if something has the name, or devices may not be made (in a user namespace); [`Error::BadName`].
    pub fn mknod(&self, name: impl AsRef<OsStr>, node: Node, mode: u32) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        if let (true, Some(device)) = (owner::are_owners_recorded(), node.device()) {
            drop(self.create_file(name, mode)?);
            return owner::record_device(self.fd(), name, device)
                .map_err(self.failed("create the special file", name));
        }
        let (kind, device): (FileType, Dev) = match node {
            Node::Char(major, minor) => {
                (FileType::CharacterDevice, rustix::fs::makedev(major, minor))
            }
            Node::Block(major, minor) => (FileType::BlockDevice, rustix::fs::makedev(major, minor)),
            Node::Fifo => (FileType::Fifo, 0),
            Node::Socket => (FileType::Socket, 0),
        };
        rustix::fs::mknodat(
            &self.fd,
            name,
            kind,
            Mode::from_raw_mode(mode & 0o7777),
            device,
        )
        .map_err(self.failed("create the special file", name))
    }

    /// Renames `name` to `new` in `to`, replacing a file that has the name.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn rename(
        &self,
        name: impl AsRef<OsStr>,
        to: &Dir,
        new: impl AsRef<OsStr>,
    ) -> Result<(), Error> {
        let (name, new) = (self.name(name.as_ref())?, to.name(new.as_ref())?);
        rustix::fs::renameat(&self.fd, name, &to.fd, new).map_err(self.failed("rename", name))
    }

    /// Removes `name`, which is not a directory.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn remove_file(&self, name: impl AsRef<OsStr>) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()).map_err(self.failed("remove", name))
    }

    /// Removes the empty directory `name`.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn remove_dir(&self, name: impl AsRef<OsStr>) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)
            .map_err(self.failed("remove", name))
    }

    /// Refuses what is not exactly one component of a path.
    fn name<'a>(&self, name: &'a OsStr) -> Result<&'a OsStr, Error> {
        let bytes = name.as_bytes();
        let bad =
            matches!(bytes, b"" | b"." | b"..") || bytes.iter().any(|b| matches!(b, b'/' | 0));
        match bad {
            true => Err(Error::BadName {
                directory: self.path.clone(),
                name: name.to_owned(),
            }),
            false => Ok(name),
        }
    }

    fn failed<'a>(
        &'a self,
        operation: &'static str,
        name: &'a OsStr,
    ) -> impl FnOnce(Errno) -> Error + 'a {
        Error::at(operation, &self.path, name)
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Checks that what was opened is a regular file, and makes reading it ordinary again.
pub(crate) fn regular(
    fd: OwnedFd,
    path: impl FnOnce() -> PathBuf,
) -> Result<(File, Metadata), Error> {
    match Metadata::of_open(fd.as_fd()) {
        // O_NONBLOCK has no effect on regular files and may stay.
        Ok(metadata) if metadata.is_file() => Ok((File::from(fd), metadata)),
        Ok(_) => Err(Error::NotAFile { path: path() }),
        Err(e) => Err(Error::io("examine", &path())(e)),
    }
}
