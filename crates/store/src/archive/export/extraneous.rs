//! What lies in the destination of an export and does not come from it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use oci::tar::Kind;
use rootfs::{Error as RootError, Root};

use crate::Error;

/// What becomes of files in the destination that the export does not have: BuildKit's `mode` of `type=local`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extraneous {
    /// They stay.
    #[default]
    Kept,
    /// They go.
    Deleted,
}

/// The names that an export has, as far as anyone has to know them.
pub(super) struct Exports {
    extraneous: Extraneous,
    /// Each path, and whether it is a directory.
    paths: BTreeMap<PathBuf, bool>,
}

impl Exports {
    pub(super) fn new(extraneous: Extraneous) -> Exports {
        let paths = BTreeMap::from([(PathBuf::new(), true)]);
        Exports { extraneous, paths }
    }

    pub(super) fn add(&mut self, path: &Path, kind: &Kind) {
        if self.extraneous == Extraneous::Deleted {
            let is_dir = matches!(kind, Kind::Directory);
            self.paths.insert(path.to_owned(), is_dir);
        }
    }

    /// Removes all names that are not the export's from its directories.
    pub(super) fn remove_others(&self, destination: &Root) -> Result<(), Error> {
        if self.extraneous == Extraneous::Kept {
            return Ok(());
        }
        let directories = self.paths.iter().filter(|(_, is_dir)| **is_dir);
        for (path, _) in directories {
            self.remove_in(destination, path)
                .map_err(|source| Error::Root { source })?;
        }
        Ok(())
    }

    fn remove_in(&self, destination: &Root, path: &Path) -> Result<(), RootError> {
        let dir = destination.open_dir(Path::new("/").join(path))?;
        let other = |name: &OsStr| !self.paths.contains_key(&path.join(name));
        for entry in dir.entries()? {
            if other(&entry.name) {
                dir.remove_tree(&entry.name)?;
            }
        }
        Ok(())
    }
}
