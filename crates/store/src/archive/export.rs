//! `export`: a whole root filesystem, as a tar or as files.

use std::io::{Read, Write, empty};
use std::path::{Path, PathBuf};

use oci::tar::{Entry, Kind, Writer};
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

/// Writes several roots as one tar, each in a folder of its own, as [`export_tar`] writes one.
///
/// # Errors
/// As [`export_tar`].
pub fn export_folders<W: Write>(folders: &[(String, Root)], out: W) -> Result<W, Error> {
    let wrong = |source| LayerError::Write { source };
    let mut archive = Writer::new(out);
    for (folder, root) in folders {
        let within = |path: &[u8]| [folder.as_bytes(), b"/", path].concat();
        let directory = Entry::new(folder.as_bytes(), Kind::Directory, 0o755);
        archive.append(&directory, &mut empty()).map_err(wrong)?;
        for change in Changes::new(&nothing(), top(root)?)? {
            let Change { mut entry, content } = change?;
            entry.path = within(&entry.path);
            if let Kind::Hardlink(target) = &mut entry.kind {
                *target = within(target);
            }
            let mut content: Box<dyn Read> = match content {
                Some(file) => Box::new(file),
                None => Box::new(empty()),
            };
            archive.append(&entry, &mut content).map_err(wrong)?;
        }
    }
    Ok(archive.finish().map_err(wrong)?)
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
