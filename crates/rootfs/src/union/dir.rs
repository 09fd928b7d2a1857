//! One directory of a stack of layers.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use crate::walk::{Look, Node};
use crate::{Dir, Error, FileKind, Metadata};

/// A directory as overlayfs merges it: the directories of the same path in each layer, down to the first that is
/// opaque, or to a layer that has something else there.
///
/// Cloning is cheap: clones share the descriptors.
#[derive(Debug, Clone)]
pub struct UnionDir {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    /// The layer, counted from the top.
    layer: usize,
    dir: Arc<Dir>,
}

/// A name in a merged directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionEntry {
    /// The name.
    pub name: OsString,
    /// Its kind.
    pub kind: FileKind,
    /// The topmost layer that has it, counted from the top.
    pub layer: usize,
}

/// Where a name of a merged directory really is.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) layer: usize,
    pub(crate) dir: Arc<Dir>,
    pub(crate) metadata: Metadata,
}

impl UnionDir {
    pub(super) fn root(layers: Vec<Dir>) -> UnionDir {
        let part = |(layer, dir)| Part {
            layer,
            dir: Arc::new(dir),
        };
        UnionDir {
            parts: layers.into_iter().enumerate().map(part).collect(),
        }
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Dir> {
        self.parts.iter().map(|part| &*part.dir)
    }

    pub(super) fn top_part(&self) -> Option<&Arc<Dir>> {
        self.parts.first().map(|part| &part.dir)
    }

    /// The directory in the topmost layer that has it: its owner, mode and extended attributes are those of the merged
    /// one. Only the root of a stack without layers has none.
    #[must_use]
    pub fn top(&self) -> Option<&Dir> {
        self.parts.first().map(|part| &*part.dir)
    }

    /// The metadata of `name`, as merged; `None` if there is no such thing, or not any more.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Io`].
    pub fn stat(&self, name: impl AsRef<OsStr>) -> Result<Option<Metadata>, Error> {
        Ok(self.find(name.as_ref())?.map(|hit| hit.metadata))
    }

    /// The layer's directory that `name` is in, and its metadata there.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Io`].
    pub fn place_of(&self, name: impl AsRef<OsStr>) -> Result<Option<(&Dir, Metadata)>, Error> {
        for part in &self.parts {
            if let Some(metadata) = part.dir.stat(name.as_ref())? {
                return Ok((!metadata.is_whiteout()).then_some((&part.dir, metadata)));
            }
        }
        Ok(None)
    }

    /// The directory `name`; `None` if there is none, or if it is something else.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Io`].
    pub fn open_dir(&self, name: impl AsRef<OsStr>) -> Result<Option<UnionDir>, Error> {
        let name = name.as_ref();
        let mut parts = Vec::new();
        for part in &self.parts {
            match part.dir.open_dir(name) {
                Ok(dir) => {
                    let opaque = dir.is_opaque()?;
                    parts.push(Part {
                        layer: part.layer,
                        dir: Arc::new(dir),
                    });
                    if opaque {
                        break;
                    }
                }
                Err(e) if is_not_found(&e) => {}
                // A file or a whiteout: it hides what is below it, and a directory above it hides it.
                Err(Error::NotADirectory { .. }) => break,
                Err(e) => return Err(e),
            }
        }
        Ok((!parts.is_empty()).then_some(UnionDir { parts }))
    }

    /// What is in the directory, as merged, sorted by the names' bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if a layer's directory cannot be listed.
    pub fn entries(&self) -> Result<Vec<UnionEntry>, Error> {
        // `None`: deleted by a layer.
        let mut merged: BTreeMap<OsString, Option<UnionEntry>> = BTreeMap::new();
        for part in &self.parts {
            for entry in part.dir.entries()? {
                if merged.contains_key(&entry.name) {
                    continue;
                }
                let found = kind_of(&part.dir, &entry.name, entry.kind)?;
                let name = entry.name.clone();
                let found = found.map(|kind| UnionEntry {
                    name,
                    kind,
                    layer: part.layer,
                });
                merged.insert(entry.name, found);
            }
        }
        Ok(merged.into_values().flatten().collect())
    }

    pub(super) fn find(&self, name: &OsStr) -> Result<Option<Hit>, Error> {
        for part in &self.parts {
            if let Some(metadata) = part.dir.stat(name)? {
                let hit = Hit {
                    layer: part.layer,
                    dir: Arc::clone(&part.dir),
                    metadata,
                };
                return Ok((!hit.metadata.is_whiteout()).then_some(hit));
            }
        }
        Ok(None)
    }
}

/// The kind of a layer's entry; `None` for a whiteout. Only character devices need a closer look.
fn kind_of(dir: &Dir, name: &OsStr, kind: Option<FileKind>) -> Result<Option<FileKind>, Error> {
    match kind {
        Some(kind) if kind != FileKind::Char => Ok(Some(kind)),
        _ => Ok(dir
            .stat(name)?
            .filter(|found| !found.is_whiteout())
            .map(|found| found.kind)),
    }
}

fn is_not_found(error: &Error) -> bool {
    error.io_kind() == Some(std::io::ErrorKind::NotFound)
}

impl Node for UnionDir {
    fn look(&self, name: &OsStr) -> Result<Look<UnionDir>, Error> {
        let Some(hit) = self.find(name)? else {
            return Ok(Look::Missing);
        };
        match hit.metadata.kind {
            FileKind::Directory => Ok(self.open_dir(name)?.map_or(Look::Missing, Look::Dir)),
            FileKind::Symlink => Ok(Look::Symlink(hit.dir.read_link(name)?)),
            _ => Ok(Look::Other),
        }
    }
}
