//! What can go wrong between a layer's tar and the directory that it is unpacked in.

use std::io;
use std::path::PathBuf;

use oci::tar;

/// What can go wrong when an archive is unpacked, or a layer is made of a directory. Paths are the ones inside the
/// layer; the cause, where there is one, is the error's source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The stream is not a tar, or failed.
    #[error("cannot read the archive")]
    Read {
        /// What is wrong with it, and where.
        source: tar::Error,
    },

    /// What follows the end of the archive could not be read.
    #[error("cannot read what follows the archive")]
    ReadRest {
        /// The reason.
        source: io::Error,
    },

    /// The archive has an entry that cannot be what it says, or must not be.
    #[error("cannot unpack {}: {reason}", path.display())]
    Entry {
        /// The entry.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A file's content or attributes could not be read or written.
    #[error("cannot unpack or read {}", path.display())]
    Content {
        /// The entry.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },

    /// An entry's owner cannot be given to a file here.
    #[error(
        "{} belongs to {uid}:{gid}, and such files cannot be made here: the user namespace may lack the ID",
        path.display()
    )]
    Owner {
        /// The entry.
        path: PathBuf,
        /// Its owner.
        uid: u32,
        /// Its group.
        gid: u32,
        /// What the kernel said.
        source: io::Error,
    },

    /// A hard link to something that neither the archive nor the layers below have.
    #[error("cannot unpack {}: there is no {} that it could be a hard link to", path.display(), target.display())]
    LinkTarget {
        /// The entry.
        path: PathBuf,
        /// What it is a link to.
        target: PathBuf,
    },

    /// Roots that are exported into one place have the same file.
    #[error("cannot export {}: more than one platform has it", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
    },

    /// A file holds more than its length says, so that no archive can hold it.
    #[error("{} does not tell its length", path.display())]
    NoLength {
        /// The file.
        path: PathBuf,
    },

    /// Whoever gave the changes was told to stop.
    #[error("stopped")]
    Stopped,

    /// A file of the layer could not be made, examined or changed.
    #[error("cannot {operation} the layer")]
    Root {
        /// "unpack", "compare", "read".
        operation: &'static str,
        /// The file and what the kernel said.
        source: rootfs::Error,
    },

    /// The layer's tar could not be written.
    #[error("cannot write the layer")]
    Write {
        /// The file and the reason.
        source: tar::Error,
    },

    /// A step made a path so long that no archive could be unpacked with it.
    #[error("{} … is longer than the 4096 bytes that a path may have", shortened.display())]
    PathTooLong {
        /// Its beginning.
        shortened: PathBuf,
    },
}

/// The closure that turns an error about a file of a layer into a [`LayerError`], for `map_err`.
pub(crate) fn root(operation: &'static str) -> impl FnOnce(rootfs::Error) -> LayerError {
    move |source| LayerError::Root { operation, source }
}
