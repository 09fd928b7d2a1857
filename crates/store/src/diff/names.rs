//! The names to look at in one directory.

use std::collections::HashSet;
use std::ffi::OsString;
use std::vec::IntoIter;

use rootfs::{Dir, DirEntry, Error, FileKind, UnionDir};

/// A name of a directory with changes.
pub(super) enum Name {
    /// The directory has it, and this kind of thing if the file system told.
    Upper(OsString, Option<FileKind>),
    /// The directories below have it, and this one hides it.
    Hidden(OsString),
}

/// All names, sorted by their bytes.
pub(super) struct Names(IntoIter<Name>);

impl Names {
    /// The names in `dir`, and those of `hidden` that are not.
    pub(super) fn new(dir: &Dir, hidden: Option<&UnionDir>) -> Result<Names, Error> {
        let upper = dir.entries()?;
        let Some(hidden) = hidden else {
            let names: Vec<_> = upper.into_iter().map(Name::upper).collect();
            return Ok(Names(names.into_iter()));
        };
        let below = hidden.entries()?;
        let here: HashSet<_> = upper.iter().map(|entry| &entry.name).collect();
        let mut names: Vec<_> = below
            .into_iter()
            .filter(|entry| !here.contains(&entry.name))
            .map(|entry| Name::Hidden(entry.name))
            .collect();
        names.extend(upper.into_iter().map(Name::upper));
        names.sort_unstable_by(|a, b| a.name().cmp(b.name()));
        Ok(Names(names.into_iter()))
    }
}

impl Iterator for Names {
    type Item = Name;

    fn next(&mut self) -> Option<Name> {
        self.0.next()
    }
}

impl Name {
    fn upper(entry: DirEntry) -> Name {
        Name::Upper(entry.name, entry.kind)
    }

    fn name(&self) -> &OsString {
        match self {
            Name::Upper(name, _) | Name::Hidden(name) => name,
        }
    }
}
