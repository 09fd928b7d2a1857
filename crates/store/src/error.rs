//! The store's one error type.

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong in the store. Every variant names the operation and the object; the cause, where there is
/// one, is the error's source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call on one of the store's own files failed.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// The verb: "open", "rename", "lock".
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },

    /// The directory was written by a carafe that lays its store out differently.
    #[error("the store at {} has format version {found:?}, this carafe reads version {expected}", path.display())]
    Version {
        /// The store's directory.
        path: PathBuf,
        /// What its `version` file says.
        found: String,
        /// The version that this program reads and writes.
        expected: u32,
    },

    /// A snapshot's name is not made of lower-case hexadecimal digits.
    #[error("a snapshot's name is 1 to 128 lower-case hexadecimal digits")]
    SnapshotId,
}

impl Error {
    /// The closure that turns an `io::Error` of `operation` on `path` into an [`Error::Io`], for `map_err`.
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
}
