//! `export`: a whole root filesystem, as a tar or as files.

use std::io::{Read, Write, empty};
use std::path::{Path, PathBuf};

use rootfs::{Dir, Root, Union};

use crate::unpack::{Capabilities, Rules, Unpacked, Unpacker, clean};
use crate::{Change, Changes, Error, LayerError, LayerSize, write_layer};

/// What was exported into a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The number of files, directories and so on.
    pub entries: u64,
    /// The bytes of all regular files.
    pub size: u64,
    /// Devices that the caller may not make, and that are not there.
    pub skipped: Vec<PathBuf>,
}

/// Writes everything below a root, such as [`Store::mount`](crate::Store::mount) gives, as one tar: sorted, owners as
/// they are, hard links kept.
///
/// # Errors
/// [`Error::Root`] or [`Error::Layer`] if the root cannot be read or the tar cannot be written.
pub fn export_tar<W: Write>(root: &Root, out: W) -> Result<(W, LayerSize), Error> {
    Ok(write_layer(&nothing(), top(root)?, out)?)
}

/// Copies everything below a root into a directory, over what is there. All of it belongs to `owner`, who is calling:
/// nobody else's files are made on the host. Modes and times are kept.
///
/// Where the root has a directory and the destination a link, the link is replaced and not followed.
///
/// # Errors
/// [`Error::Root`] or [`Error::Layer`] if the root cannot be read or the files cannot be written.
pub fn export_dir(root: &Root, destination: &Path, owner: (u32, u32)) -> Result<Exported, Error> {
    let rules = Rules {
        owner: Some(owner),
        capabilities: Capabilities::BestEffort,
    };
    let destination = Root::open(destination).map_err(|source| Error::Root { source })?;
    let mut unpacker = Unpacker::new(destination, rules)?;
    for change in Changes::new(&nothing(), top(root)?)? {
        let Change { entry, content } = change?;
        let Some(path) = clean(&entry.path)? else {
            continue;
        };
        let place = unpacker.place(path)?;
        let mut content: Box<dyn Read> = match content {
            Some(file) => Box::new(file),
            None => Box::new(empty()),
        };
        if let Unpacked::Dangling(target) = unpacker.unpack(&entry, &place, &mut content)? {
            return Err(LayerError::LinkTarget {
                path: place.path,
                target,
            }
            .into());
        }
    }
    let summary = unpacker.finish()?;
    Ok(Exported {
        entries: summary.count,
        size: summary.size,
        skipped: summary.skipped,
    })
}

fn top(root: &Root) -> Result<Dir, Error> {
    root.open_dir("/").map_err(|source| Error::Root { source })
}

/// A whole root is its changes against nothing.
fn nothing() -> Union {
    Union::new(Vec::new())
}
