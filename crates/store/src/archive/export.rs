//! `export` and BuildKit's `tar` and `local`: whole root filesystems, as a tar or as files.

mod extraneous;
mod merge;

use std::io::{Read, Write, empty};
use std::path::{Path, PathBuf};

use oci::tar::{Entry, Kind, Time};
use rootfs::{Root, Union};

use crate::unpack::{Capabilities, Rules, Unpacked, Unpacker, clean};
use crate::{Change, Changes, Error, LayerError, LayerSize, Timestamps, write_layer};
use extraneous::Exports;

pub use extraneous::Extraneous;

/// A root filesystem, such as [`Store::mount`](crate::Store::mount) gives, on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'a> {
    /// The root.
    pub root: &'a Root,
    /// The folder that it becomes; `None` is the top itself.
    pub folder: Option<&'a str>,
    /// What becomes of the files' times.
    pub timestamps: Timestamps,
}

impl<'a> Tree<'a> {
    /// All of a root at the top, as it is.
    #[must_use]
    pub fn whole(root: &'a Root) -> Tree<'a> {
        Tree {
            root,
            folder: None,
            timestamps: Timestamps::Kept,
        }
    }

    /// Everything in it, behind its folder.
    fn changes(
        &self,
    ) -> Result<impl Iterator<Item = Result<Change, LayerError>> + use<'a>, LayerError> {
        let top = self
            .root
            .open_dir("/")
            .map_err(crate::layer_error::root("read"))?;
        let changes = Changes::new(&nothing(), top)?.with_timestamps(self.timestamps);
        let folder = self.folder;
        let own = folder.map(|folder| Ok(self.own(folder)));
        let below = changes.map(move |change| {
            let mut change = change?;
            if let Some(folder) = folder {
                put_into(folder, &mut change.entry);
            }
            Ok(change)
        });
        Ok(own.into_iter().chain(below))
    }

    /// The folder itself. No time was kept of it.
    fn own(&self, folder: &str) -> Change {
        let (seconds, _) = self.timestamps.of((0, 0));
        let entry = Entry {
            mtime: Time::seconds(seconds),
            ..Entry::new(folder, Kind::Directory, 0o755)
        };
        Change {
            entry,
            content: None,
        }
    }
}

fn put_into(folder: &str, entry: &mut Entry) {
    let inside = |path: &[u8]| [folder.as_bytes(), b"/", path].concat();
    entry.path = inside(&entry.path);
    if let Kind::Hardlink(target) = &mut entry.kind {
        *target = inside(target);
    }
}

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

/// Writes everything below some roots as one tar: each sorted, owners as they are, hard links kept. Roots without
/// folders may have directories in common, and nothing else.
///
/// # Errors
/// [`Error::Layer`] if a root cannot be read or the tar cannot be written.
pub fn export_tar<W: Write>(trees: &[Tree<'_>], out: W) -> Result<(W, LayerSize), Error> {
    Ok(write_layer(merge::changes(trees)?, out)?)
}

/// Copies everything below some roots into a directory, over what is there. All of it belongs to `owner`, who is
/// calling: nobody else's files are made on the host. Modes are kept.
///
/// Where the root has a directory and the destination a link, the link is replaced and not followed.
///
/// # Errors
/// [`Error::Root`] or [`Error::Layer`] if a root cannot be read or the files cannot be written.
pub fn export_dir(
    trees: &[Tree<'_>],
    destination: &Path,
    owner: (u32, u32),
    extraneous: Extraneous,
) -> Result<Exported, Error> {
    let rules = Rules {
        owner: Some(owner),
        capabilities: Capabilities::BestEffort,
        relabel_links: false,
    };
    let open = || Root::open(destination).map_err(|source| Error::Root { source });
    let mut unpacker = Unpacker::new(open()?, rules)?;
    let mut exports = Exports::new(extraneous);
    for change in merge::changes(trees)? {
        let Change { entry, content } = change?;
        let Some(path) = clean(&entry.path)? else {
            continue;
        };
        exports.add(&path, &entry.kind);
        let place = unpacker.place(path)?;
        let mut content: Box<dyn Read> = match content {
            Some(file) => Box::new(file),
            None => Box::new(empty()),
        };
        if let Unpacked::Dangling(target) = unpacker.unpack(&entry, &place, &mut content)? {
            let path = place.path;
            return Err(LayerError::LinkTarget { path, target }.into());
        }
    }
    // Before the directories get their times.
    exports.remove_others(&open()?)?;
    let summary = unpacker.finish()?;
    Ok(Exported {
        entries: summary.count,
        size: summary.size,
        skipped: summary.skipped,
    })
}

/// A whole root is its changes against nothing.
fn nothing() -> Union {
    Union::new(Vec::new())
}
