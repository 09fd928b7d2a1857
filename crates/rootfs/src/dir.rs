//! One directory, held by its descriptor.

mod entries;
mod remove;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dev, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

pub use entries::DirEntry;
pub use remove::remove_tree;

use crate::attributes::{Attributes, timestamps};
use crate::xattr::{self, Xattrs};
use crate::{Error, FileKind, Metadata, Time};

/// The extended attribute that makes a directory of a layer opaque, where the overlay is mounted with `userxattr`.
const OPAQUE: &str = "user.overlay.opaque";

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
        let flags = AtFlags::EMPTY_PATH | Metadata::FLAGS;
        rustix::fs::statx(&self.fd, c"", flags, Metadata::WANTED)
            .map(Metadata::from)
            .map_err(Error::io("examine", &self.path))
    }

    /// The metadata of `name`, or `None` if there is no such thing.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Io`].
    pub fn stat(&self, name: impl AsRef<OsStr>) -> Result<Option<Metadata>, Error> {
        let name = self.name(name.as_ref())?;
        match rustix::fs::statx(&self.fd, name, Metadata::FLAGS, Metadata::WANTED) {
            Ok(statx) => Ok(Some(statx.into())),
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
        let (file, metadata) = self.open_file_with_metadata(name)?;
        drop(metadata);
        Ok(file)
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
    /// owner and its content: see [`Attributes::apply_to`].
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

    /// Makes `name` a whiteout: in a stack of layers, what the ones below have by that name is gone. Needs no
    /// privilege.
    ///
    /// # Errors
    /// As [`Dir::mknod`].
    pub fn whiteout(&self, name: impl AsRef<OsStr>) -> Result<(), Error> {
        self.mknod(name, Node::Char(0, 0), 0)
    }

    /// Whether this directory, of a layer, hides those of the same path below it.
    ///
    /// # Errors
    /// [`Error::Io`] if the extended attribute cannot be read.
    pub fn is_opaque(&self) -> Result<bool, Error> {
        let mut value = [0; 8];
        match rustix::fs::fgetxattr(&self.fd, OPAQUE, &mut value) {
            Ok(length) => Ok(value.get(..length) == Some(b"y")),
            // RANGE: a longer value is not the one that overlayfs looks for.
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => Ok(false),
            Err(e) => Err(Error::io("read the extended attributes of", &self.path)(e)),
        }
    }

    /// Makes this directory, of a layer, hide those of the same path below it.
    ///
    /// # Errors
    /// [`Error::Io`] if the file system has no extended attributes for users.
    pub fn set_opaque(&self) -> Result<(), Error> {
        self.set_xattr(OPAQUE, b"y")
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

    /// Gives `name` owner and group.
    ///
    /// # Errors
    /// [`Error::Io`]: `EINVAL` is an ID that the user namespace does not have; [`Error::BadName`].
    pub fn set_owner(&self, name: impl AsRef<OsStr>, uid: u32, gid: u32) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        let (owner, group) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        rustix::fs::chownat(&self.fd, name, owner, group, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(self.failed("change the owner of", name))
    }

    /// Gives `name` permissions. Symbolic links have none: that is an error.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_mode(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        self.chmod(name, mode)
            .map_err(self.failed("change the mode of", name))
    }

    /// `fchmodat(2)` follows symbolic links and `fchmodat2(2)` is young (Linux 6.6), so the file is pinned with
    /// `O_PATH` and changed through the descriptor's entry in `/proc`, which refuses for a link.
    fn chmod(&self, name: &OsStr, mode: u32) -> rustix::io::Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        let mode = Mode::from_raw_mode(mode & 0o7777);
        rustix::fs::chmodat(CWD, xattr::proc_path(fd.as_fd()), mode, AtFlags::empty())
    }

    /// Gives `name` a modification time.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_times(&self, name: impl AsRef<OsStr>, mtime: Time) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        let times = timestamps(mtime);
        rustix::fs::utimensat(&self.fd, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(self.failed("change the time of", name))
    }

    /// Gives `name`, of any kind, owner, permissions (unless it is a symbolic link) and time. For a file that is
    /// open anyway, [`Attributes::apply_to`] is cheaper.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_attributes(
        &self,
        name: impl AsRef<OsStr>,
        attributes: &Attributes,
    ) -> Result<(), Error> {
        let name = name.as_ref();
        let Some(now) = self.stat(name)? else {
            return Err(self.failed("examine", name)(Errno::NOENT));
        };
        let mut mode = now.mode;
        if let Some((uid, gid)) = attributes
            .owner
            .filter(|owner| *owner != (now.uid, now.gid))
        {
            self.set_owner(name, uid, gid)?;
            mode &= 0o1777;
        }
        if let Some(wanted) = attributes.mode.filter(|wanted| *wanted != mode)
            && now.kind != FileKind::Symlink
        {
            self.set_mode(name, wanted)?;
        }
        match attributes.mtime {
            Some(mtime) => self.set_times(name, mtime),
            None => Ok(()),
        }
    }

    /// Gives the directory itself owner, permissions and time.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set_own_attributes(&self, attributes: &Attributes) -> Result<(), Error> {
        attributes
            .apply(self.fd())
            .map_err(Error::io("change the attributes of", &self.path))
    }

    /// The directory's own extended attributes.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn xattrs(&self) -> Result<Xattrs, Error> {
        xattr::read_all(self.fd()).map_err(Error::io("read the extended attributes of", &self.path))
    }

    /// Sets an extended attribute of the directory itself.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set_xattr(&self, key: impl AsRef<OsStr>, value: &[u8]) -> Result<(), Error> {
        xattr::set(self.fd(), key.as_ref(), value)
            .map_err(Error::io("set an extended attribute of", &self.path))
    }

    /// The extended attributes of `name`, of any kind.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn xattrs_of(&self, name: impl AsRef<OsStr>) -> Result<Xattrs, Error> {
        let name = self.name(name.as_ref())?;
        xattr::read_all_at(self.fd(), name)
            .map_err(self.failed("read the extended attributes of", name))
    }

    /// Sets an extended attribute of `name`, of any kind.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_xattr_of(
        &self,
        name: impl AsRef<OsStr>,
        key: impl AsRef<OsStr>,
        value: &[u8],
    ) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        xattr::set_at(self.fd(), name, key.as_ref(), value)
            .map_err(self.failed("set an extended attribute of", name))
    }

    /// Removes an extended attribute of `name`, of any kind. One that is not there is an error.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn remove_xattr_of(
        &self,
        name: impl AsRef<OsStr>,
        key: impl AsRef<OsStr>,
    ) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        xattr::remove_at(self.fd(), name, key.as_ref())
            .map_err(self.failed("remove an extended attribute of", name))
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
    let flags = AtFlags::EMPTY_PATH | Metadata::FLAGS;
    match rustix::fs::statx(&fd, c"", flags, Metadata::WANTED) {
        // O_NONBLOCK has no effect on regular files and may stay.
        Ok(statx) => {
            let metadata = Metadata::from(statx);
            match metadata.is_file() {
                true => Ok((File::from(fd), metadata)),
                false => Err(Error::NotAFile { path: path() }),
            }
        }
        Err(e) => Err(Error::io("examine", &path())(e)),
    }
}
