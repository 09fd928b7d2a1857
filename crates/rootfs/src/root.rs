//! A whole tree, held by its top.

mod make;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

pub use crate::walk::FollowLast;
pub use make::MakeDir;

use crate::dir::{self, Dir, OPEN_FILE};
use crate::walk::{Look, Node, walk};
use crate::{Error, Metadata};

/// A directory used as a container's root. Paths are resolved inside it, absolute or not, as a process with this root
/// would resolve them; what is named outside of it cannot be reached.
///
/// Cloning is cheap: clones share the descriptor.
#[derive(Debug, Clone)]
pub struct Root {
    fd: Arc<OwnedFd>,
}

/// How paths are resolved: `..` and absolute links stop at the root, and links of `/proc` that lead to open files are
/// refused. Links, bind mounts and all else are followed.
const IN_ROOT: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);

impl Root {
    /// The root at `path` on the host.
    ///
    /// # Errors
    /// [`Error::Io`] if it is not a directory that can be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Root, Error> {
        Ok(Root::from_fd(Dir::open(path)?.into_fd()))
    }

    /// The root that is open already, be it only with `O_PATH`: a detached mount, for one.
    #[must_use]
    pub fn from_fd(fd: OwnedFd) -> Root {
        Root { fd: Arc::new(fd) }
    }

    /// The descriptor.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// A directory.
    ///
    /// # Errors
    /// [`Error::NotADirectory`], [`Error::Io`].
    pub fn open_dir(&self, path: impl AsRef<Path>) -> Result<Dir, Error> {
        let path = path.as_ref();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match self.open_at(path, flags) {
            Ok(fd) => Ok(Dir::from_fd(fd, shown(path))),
            Err(Errno::NOTDIR) => Err(Error::NotADirectory { path: shown(path) }),
            Err(e) => Err(Error::io("open", &shown(path))(e)),
        }
    }

    /// The metadata of a path, links followed; `None` if it leads to nothing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn metadata(&self, path: impl AsRef<Path>) -> Result<Option<Metadata>, Error> {
        self.examine(path.as_ref(), OFlags::PATH | OFlags::CLOEXEC)
    }

    /// The metadata of a path, a last link not followed; `None` if it leads to nothing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn symlink_metadata(&self, path: impl AsRef<Path>) -> Result<Option<Metadata>, Error> {
        self.examine(
            path.as_ref(),
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        )
    }

    /// Opens a regular file for reading, links followed.
    ///
    /// # Errors
    /// [`Error::NotAFile`] for anything else; [`Error::Io`].
    pub fn open_file(&self, path: impl AsRef<Path>) -> Result<File, Error> {
        let path = path.as_ref();
        match self.open_at(path, OPEN_FILE - OFlags::NOFOLLOW) {
            Ok(fd) => dir::regular(fd, || shown(path)).map(|(file, _)| file),
            // A socket, or a device that is not there.
            Err(Errno::NXIO) => Err(Error::NotAFile { path: shown(path) }),
            Err(e) => Err(Error::io("open", &shown(path))(e)),
        }
    }

    /// The content of a regular file, links followed; `None` if there is no such file.
    ///
    /// # Errors
    /// [`Error::NotAFile`], [`Error::TooLarge`], [`Error::Io`].
    pub fn read(&self, path: impl AsRef<Path>, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let path = path.as_ref();
        match self.open_file(path) {
            Ok(file) => read_bounded(&file, limit, || shown(path)).map(Some),
            Err(Error::Io { source, .. }) if is_missing(&source) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The directory that the last name of `path` is in, links followed up to there, and that name.
    ///
    /// # Errors
    /// [`Error::BadName`] if the path does not end with a name; [`Error::NotADirectory`], [`Error::Io`].
    pub fn parent_of(&self, path: impl AsRef<Path>) -> Result<(Dir, OsString), Error> {
        let path = path.as_ref();
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::BadName {
                directory: shown(path),
                name: OsString::new(),
            });
        };
        Ok((self.open_dir(parent)?, name.to_owned()))
    }

    /// The path inside the root that `path` leads to, with no links left in it. Where it leads to nothing, the names
    /// that are missing are kept.
    ///
    /// # Errors
    /// [`Error::NotADirectory`] naming the file that is in the way; [`Error::TooManyLinks`], [`Error::Io`].
    pub fn resolve(&self, path: impl AsRef<Path>, follow: FollowLast) -> Result<PathBuf, Error> {
        let arrival = walk(self.top()?, path.as_ref(), follow, &mut |_| Ok(None))?;
        Ok(arrival.path)
    }

    fn top(&self) -> Result<Arc<Dir>, Error> {
        self.open_dir("/").map(Arc::new)
    }

    fn open_at(&self, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        loop {
            match rustix::fs::openat2(&*self.fd, path, flags, Mode::empty(), IN_ROOT) {
                // Something was renamed while a `..` was resolved, and the kernel cannot be sure: openat2(2).
                Err(Errno::AGAIN | Errno::INTR) => {}
                opened => return opened,
            }
        }
    }

    fn examine(&self, path: &Path, flags: OFlags) -> Result<Option<Metadata>, Error> {
        let failed = |e| Error::io("examine", &shown(path))(e);
        let fd = match self.open_at(path, flags) {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        Metadata::of_open(fd.as_fd()).map(Some).map_err(failed)
    }
}

impl Node for Arc<Dir> {
    fn look(&self, name: &OsStr) -> Result<Look<Arc<Dir>>, Error> {
        // Nearly every name on a path is a directory: try that first, and look closer where it is not.
        match self.open_dir(name) {
            Ok(dir) => Ok(Look::Dir(Arc::new(dir))),
            Err(Error::NotADirectory { .. }) => match self.read_link(name) {
                Ok(target) => Ok(Look::Symlink(target)),
                Err(Error::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::InvalidInput =>
                {
                    Ok(Look::Other)
                }
                Err(e) => Err(e),
            },
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Look::Missing)
            }
            Err(e) => Err(e),
        }
    }
}

/// Reads a whole file that must not be longer than `limit`.
pub(crate) fn read_bounded(
    file: &File,
    limit: u64,
    path: impl FnOnce() -> PathBuf,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    match file.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
        Ok(length) if length as u64 > limit => Err(Error::TooLarge {
            path: path(),
            limit,
        }),
        Ok(_) => Ok(bytes),
        Err(e) => Err(Error::io("read", &path())(e)),
    }
}

/// A path as it is shown: from the root.
fn shown(path: &Path) -> PathBuf {
    Path::new("/").join(path)
}

fn is_missing(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}
