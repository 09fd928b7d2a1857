//! The crate's error type.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong in a root directory. Paths are the ones inside the root, where there is one; the cause is the
/// error's source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call on a file failed.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// The verb: "open", "create", "change the mode of".
        operation: &'static str,
        /// The file, as seen from the root.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },

    /// Something on the way, or what was asked to be a directory, is not one.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// What is in the way.
        path: PathBuf,
    },

    /// What was to be read is a directory, a device, a pipe or a socket.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What was found.
        path: PathBuf,
    },

    /// A file that is read as a whole is longer than it may be.
    #[error("{} is longer than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that would have been read.
        limit: u64,
    },

    /// A path has more symbolic links in it than the kernel would follow (40).
    #[error("too many symbolic links in {}", path.display())]
    TooManyLinks {
        /// The path that was to be resolved.
        path: PathBuf,
    },

    /// A name that is not one component of a path: empty, `.`, `..`, or with a `/` or NUL in it.
    #[error("{name:?} is not a file name (in {})", directory.display())]
    BadName {
        /// Where it was to be used.
        directory: PathBuf,
        /// The name.
        name: OsString,
    },

    /// The kernel did not make an overlay.
    #[error("cannot mount an overlay: {step}{}{}", if log.is_empty() { "" } else { ": " }, log)]
    Overlay {
        /// The step that failed.
        step: String,
        /// What the kernel wrote about it to the file system context.
        log: String,
        /// The error number.
        source: io::Error,
    },
}

impl Error {
    /// The closure that turns an error of `operation` on `path` into an [`Error::Io`], for `map_err`.
    pub(crate) fn io<E: Into<io::Error>>(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> Error {
        move |source| Error::Io {
            operation,
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// As [`Error::io`], for `name` in the directory `path`.
    pub(crate) fn at<E: Into<io::Error>>(
        operation: &'static str,
        path: &Path,
        name: &OsStr,
    ) -> impl FnOnce(E) -> Error {
        move |source| Error::Io {
            operation,
            path: path.join(name),
            source: source.into(),
        }
    }

    /// The kind of the system call's error, where a system call failed.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.io_error().map(io::Error::kind)
    }

    /// The error number (`errno`) of the system call, where one failed.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.io_error().and_then(io::Error::raw_os_error)
    }

    fn io_error(&self) -> Option<&io::Error> {
        match self {
            Error::Io { source, .. } | Error::Overlay { source, .. } => Some(source),
            _ => None,
        }
    }
}
