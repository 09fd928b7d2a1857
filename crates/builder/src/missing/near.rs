//! Paths that are nearly what was asked for.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::select::Tree;

/// No more entries than this are looked at for a name: a hint is not worth waiting for.
const LOOKED_AT: usize = 20_000;

/// More paths of one name than this help nobody.
const SHOWN: usize = 3;

/// The path in the tree whose parts are all spelled as in `path`, or nearly so: in another case of
/// letters, or with a slip of the finger.
pub(super) fn spelled_alike(tree: &Tree, path: &Path) -> Option<PathBuf> {
    let mut found = PathBuf::from("/");
    for component in path.components() {
        let Component::Normal(name) = component else {
            continue;
        };
        let names = names(tree, &found);
        let name = match names.iter().any(|other| other == name) {
            true => name.to_owned(),
            false => alike(name, &names)?,
        };
        found.push(name);
    }
    (found != path && !tree.ignores(&found)).then_some(found)
}

fn alike(name: &OsStr, names: &[OsString]) -> Option<OsString> {
    let name = name.to_str()?;
    let texts = || names.iter().filter_map(|name| name.to_str());
    let in_other_case = |other: &&str| other.to_lowercase() == name.to_lowercase();
    let found = texts().find(in_other_case);
    found
        .or_else(|| dockerfile::suggest(name, texts()))
        .map(OsString::from)
}

/// Paths elsewhere in the tree with the last name of `path`, in any case of letters; those near
/// the root first.
pub(super) fn of_the_same_name(tree: &Tree, path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Some(wanted) = path.file_name() else {
        return found;
    };
    let lower = |name: &OsStr| name.to_string_lossy().to_lowercase();
    let wanted = lower(wanted);
    let mut looked_at = 0;
    let mut folders = VecDeque::from([PathBuf::from("/")]);
    while let Some(folder) = folders.pop_front() {
        for name in names(tree, &folder) {
            looked_at += 1;
            if looked_at > LOOKED_AT || found.len() == SHOWN {
                return found;
            }
            let path = folder.join(&name);
            if tree.ignores(&path) {
                continue;
            }
            // What a link leads to is found where it is.
            let metadata = tree.root.symlink_metadata(&path).ok().flatten();
            if metadata.is_some_and(|metadata| metadata.is_dir()) {
                folders.push_back(path.clone());
            }
            if lower(&name) == wanted {
                found.push(path);
            }
        }
    }
    found
}

/// The names in a folder, in order; none if it cannot be read.
fn names(tree: &Tree, folder: &Path) -> Vec<OsString> {
    let entries = tree.root.open_dir(folder).and_then(|dir| dir.entries());
    let mut names: Vec<OsString> = entries
        .unwrap_or_default()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    names.sort();
    names
}
