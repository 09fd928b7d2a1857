//! Finding the sources of a `COPY`: plain paths, and Go's wildcards.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use dockerfile::glob;
use dockerfile::ignore::Patterns;

use super::{Content, Node, Selected, Tree, walk};
use crate::{Error, MissingSource};

/// What an item of a `COPY` names. A wildcard may find nothing; a plain name must be there.
pub(super) fn find(
    tree: &Tree,
    path: &str,
    parents: bool,
    excludes: &Patterns,
) -> Result<Vec<Selected>, Error> {
    let (pivot, whole) = split_at_pivot(path, parents);
    let finder = Finder {
        tree,
        excludes,
        parents,
        pivot,
    };
    if !glob::has_wildcard(&whole) {
        let path = PathBuf::from(&whole);
        let found = finder.select(&path, false)?;
        return Ok(vec![found.ok_or_else(|| finder.missing(&path))?]);
    }
    let mut selected = Vec::new();
    for path in finder.expand(&whole)? {
        // A name that matched is there, so a link that leads nowhere is worth an error.
        match finder.select(&path, true)? {
            Some(found) => selected.push(found),
            None if tree.ignores(&path) => {}
            None => return Err(finder.missing(&path)),
        }
    }
    Ok(selected)
}

/// `a/./b` says with `--parents` that only `b` is kept; the number of components before it, and
/// the cleaned path.
fn split_at_pivot(path: &str, parents: bool) -> (usize, String) {
    let clean = |path: &str| glob::clean(&format!("/{path}"));
    let before = match path.find("/./").filter(|_| parents) {
        Some(at) => clean(&path[..at]),
        None => "/".to_owned(),
    };
    let depth = before
        .split('/')
        .filter(|component| !component.is_empty())
        .count();
    (depth, clean(path))
}

struct Finder<'a> {
    tree: &'a Tree,
    excludes: &'a Patterns,
    parents: bool,
    pivot: usize,
}

/// What a pattern found.
#[derive(Default)]
struct Found {
    paths: BTreeSet<PathBuf>,
    /// Where a `**` was followed, and with how many components to come: several of them reach one directory
    /// in very many ways.
    been: HashSet<(PathBuf, usize)>,
}

impl Finder<'_> {
    /// What is at a path; `None` if nothing is, or nothing to be seen.
    fn select(&self, path: &Path, by_wildcard: bool) -> Result<Option<Selected>, Error> {
        let Some((resolved, metadata)) = self.tree.look(path)? else {
            return Ok(None);
        };
        // The link may be hidden, or what it leads to.
        if path != resolved && !metadata.is_dir() && self.tree.ignores(path) {
            return Ok(None);
        }
        let Some(node) = walk::list(self.tree, &resolved, metadata, self.excludes)? else {
            return Ok(None);
        };
        Ok(Some(Selected {
            name: path.file_name().unwrap_or_default().to_owned(),
            on_the_way: self.on_the_way(path)?,
            path: resolved,
            by_wildcard,
            node,
        }))
    }

    /// With `--parents`: the directories between the pivot and the source.
    fn on_the_way(&self, path: &Path) -> Result<Vec<Node>, Error> {
        let mut directories = Vec::new();
        if !self.parents {
            return Ok(directories);
        }
        let parent = path.parent().unwrap_or(Path::new("/"));
        for (depth, directory) in parent
            .ancestors()
            .collect::<Vec<_>>()
            .iter()
            .rev()
            .enumerate()
        {
            if depth <= self.pivot {
                continue;
            }
            let Some((_, metadata)) = self.tree.look(directory)? else {
                continue;
            };
            let name = directory.file_name().unwrap_or_default().to_owned();
            directories.push(Node {
                name,
                metadata,
                content: Content::Directory(Vec::new()),
            });
        }
        Ok(directories)
    }

    /// The paths that match a pattern, in order.
    fn expand(&self, pattern: &str) -> Result<Vec<PathBuf>, Error> {
        let mut components: Vec<&str> = pattern.split('/').filter(|c| !c.is_empty()).collect();
        if self.parents {
            components.dedup_by(|next, this| *next == "**" && *this == "**");
        }
        let mut found = Found::default();
        self.expand_below(Path::new("/"), &components, &mut found)?;
        Ok(found.paths.into_iter().collect())
    }

    fn expand_below(
        &self,
        directory: &Path,
        components: &[&str],
        found: &mut Found,
    ) -> Result<(), Error> {
        let Some((first, rest)) = components.split_first() else {
            if directory != Path::new("/") {
                found.paths.insert(directory.to_owned());
            }
            return Ok(());
        };
        if self.parents && *first == "**" {
            return self.expand_any_depth(directory, components, found);
        }
        if !glob::has_wildcard(first) {
            let path = directory.join(first);
            let there = self.tree.root.symlink_metadata(&path)?.is_some();
            return if there {
                self.expand_below(&path, rest, found)
            } else {
                Ok(())
            };
        }
        for name in self.names(directory)? {
            let matches = glob::matches(first, name.as_bytes()).map_err(|_| Error::BadPattern {
                pattern: (*first).to_owned(),
            })?;
            if matches {
                let path = directory.join(&name);
                if rest.is_empty() || self.is_directory_itself(&path)? {
                    self.expand_below(&path, rest, found)?;
                }
            }
        }
        Ok(())
    }

    /// `**`: this directory, and every one below it.
    fn expand_any_depth(
        &self,
        directory: &Path,
        components: &[&str],
        found: &mut Found,
    ) -> Result<(), Error> {
        if !found.been.insert((directory.to_owned(), components.len())) {
            return Ok(());
        }
        let rest = &components[1..];
        if rest.is_empty() {
            return self.expand_below(directory, &["*"], found);
        }
        self.expand_below(directory, rest, found)?;
        for name in self.names(directory)? {
            let path = directory.join(&name);
            if self.is_directory_itself(&path)? {
                self.expand_any_depth(&path, components, found)?;
            }
        }
        Ok(())
    }

    /// Whether a path is a directory, and no link to one.
    fn is_directory_itself(&self, path: &Path) -> Result<bool, Error> {
        let metadata = self.tree.root.symlink_metadata(path)?;
        Ok(metadata.is_some_and(|metadata| metadata.is_dir()))
    }

    /// The names in a directory; none if it is something else. Links to directories that a
    /// wildcard found are not entered, those that the pattern names are.
    fn names(&self, directory: &Path) -> Result<Vec<OsString>, Error> {
        let Some((resolved, metadata)) = self.tree.look(directory)? else {
            return Ok(Vec::new());
        };
        if !metadata.is_dir() {
            return Ok(Vec::new());
        }
        let entries = self.tree.root.open_dir(&resolved)?.entries()?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    fn missing(&self, path: &Path) -> Error {
        let mut missing = MissingSource::new(path, &self.tree.name);
        let there = self.tree.root.metadata(path);
        if there.is_ok_and(|metadata| metadata.is_some()) {
            missing.hidden_by = self.tree.hidden_by(path);
        }
        missing.into()
    }
}
