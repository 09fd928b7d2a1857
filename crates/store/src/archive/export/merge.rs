//! Several roots in one place.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;

use oci::tar::{Entry, Kind};

use super::Tree;
use crate::{Change, LayerError};

/// Everything in some trees. Where several have no folder of their own, directories that they have in common are there
/// once, and nothing else may be in more than one.
pub(super) fn changes<'a>(
    trees: &[Tree<'a>],
) -> Result<impl Iterator<Item = Result<Change, LayerError>> + use<'a>, LayerError> {
    let mut all = Vec::with_capacity(trees.len());
    for tree in trees {
        all.push(tree.changes()?);
    }
    let mut places = Places {
        taken: BTreeMap::new(),
        shared: trees.iter().filter(|tree| tree.folder.is_none()).count() > 1,
    };
    Ok(all.into_iter().flatten().filter_map(move |change| {
        let new = change.and_then(|change| Ok(places.take(&change.entry)?.then_some(change)));
        new.transpose()
    }))
}

/// What was there already, by path, and whether it is a directory.
struct Places {
    taken: BTreeMap<Vec<u8>, bool>,
    /// Whether there can be anything twice.
    shared: bool,
}

impl Places {
    /// Takes the place of an entry; `false` for a directory that is there.
    fn take(&mut self, entry: &Entry) -> Result<bool, LayerError> {
        if !self.shared {
            return Ok(true);
        }
        let directory = entry.kind == Kind::Directory;
        match self.taken.insert(entry.path.clone(), directory) {
            None => Ok(true),
            Some(true) if directory => Ok(false),
            Some(_) => Err(LayerError::Twice {
                path: std::ffi::OsString::from_vec(entry.path.clone()).into(),
            }),
        }
    }
}
