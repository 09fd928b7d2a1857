//! One change as an entry of a layer's tar.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use oci::tar::{Entry, Kind, Time};
use rootfs::{CAPABILITY, Dir, FileKind, Metadata, capability};

use crate::layer_error::{LayerError, root};

/// One entry of a layer, with its content if it is a regular file.
#[derive(Debug)]
pub struct Change {
    /// The entry.
    pub entry: Entry,
    /// The file to read the content from.
    pub content: Option<File>,
}

impl Change {
    /// A directory.
    #[must_use]
    pub fn directory(path: Vec<u8>, metadata: &Metadata) -> Change {
        Change::bare(path, Kind::Directory, metadata)
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(path: Vec<u8>, target: Vec<u8>, metadata: &Metadata) -> Change {
        Change::bare(path, Kind::Symlink(target), metadata)
    }

    /// A further name of a file that came before, at `first`.
    #[must_use]
    pub fn hardlink(path: Vec<u8>, first: Vec<u8>, metadata: &Metadata) -> Change {
        Change::bare(path, Kind::Hardlink(first), metadata)
    }

    /// A regular file. As many bytes of it are read as `metadata` says.
    ///
    /// # Errors
    /// [`LayerError::Content`] if its capabilities cannot be read.
    pub fn file(path: Vec<u8>, file: File, metadata: &Metadata) -> Result<Change, LayerError> {
        regular(file, path, &in_seconds(metadata))
    }

    fn bare(path: Vec<u8>, kind: Kind, metadata: &Metadata) -> Change {
        Change {
            entry: entry(path, kind, &in_seconds(metadata)),
            content: None,
        }
    }
}

/// With whole seconds, as layers have them: everybody else writes them so, and one that is pulled compares equal to one that was
/// built.
pub(super) fn in_seconds(metadata: &Metadata) -> Metadata {
    Metadata {
        mtime: (metadata.mtime.0, 0),
        ..metadata.clone()
    }
}

/// A deleted name: an empty file of mode 0 and of 1970, as containerd writes it.
pub(super) fn whiteout(directory: &[u8], name: &OsStr) -> Entry {
    Entry::new(
        join(directory, &[b".wh.", name.as_bytes()].concat()),
        Kind::File,
        0,
    )
}

/// A directory.
pub(super) fn directory(path: &[u8], metadata: &Metadata) -> Entry {
    entry(path.to_vec(), Kind::Directory, metadata)
}

/// A symbolic link, pipe or device; `None` for a socket, which no archive can hold.
pub(super) fn special(
    dir: &Dir,
    name: &OsStr,
    path: Vec<u8>,
    metadata: &Metadata,
) -> Result<Option<Change>, LayerError> {
    let (major, minor) = metadata.rdev;
    let kind = match metadata.kind {
        FileKind::Symlink => Kind::Symlink(dir.read_link(name).map_err(root("read"))?.into_vec()),
        FileKind::Char => Kind::Char { major, minor },
        FileKind::Block => Kind::Block { major, minor },
        FileKind::Fifo => Kind::Fifo,
        FileKind::Socket | FileKind::Directory | FileKind::File => return Ok(None),
    };
    Ok(Some(Change {
        entry: entry(path, kind, metadata),
        content: None,
    }))
}

/// A regular file.
pub(super) fn regular(
    file: File,
    path: Vec<u8>,
    metadata: &Metadata,
) -> Result<Change, LayerError> {
    // The only extended attribute that layers are exported with.
    let capability = capability(&file).map_err(|source| LayerError::Content {
        path: OsStr::from_bytes(&path).into(),
        source,
    })?;
    let mut entry = entry(path, Kind::File, metadata);
    entry.size = metadata.size;
    entry
        .xattrs
        .extend(capability.map(|value| (CAPABILITY.into(), value)));
    Ok(Change {
        entry,
        content: Some(file),
    })
}

pub(super) fn entry(path: Vec<u8>, kind: Kind, metadata: &Metadata) -> Entry {
    Entry {
        uid: metadata.uid.into(),
        gid: metadata.gid.into(),
        mtime: Time {
            seconds: metadata.mtime.0,
            nanos: metadata.mtime.1,
        },
        ..Entry::new(path, kind, metadata.mode)
    }
}

pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        b"" => name.to_vec(),
        directory => [directory, b"/", name].concat(),
    }
}
