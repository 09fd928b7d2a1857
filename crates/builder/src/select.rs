//! What a `COPY` takes: its sources found in a tree, with wildcards, links, ignore patterns and
//! `--exclude` applied, and listed with everything below them.
//!
//! The list serves both for the key of the step and for the copying itself.

mod digest;
mod find;
mod tree;
mod walk;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use dockerfile::ignore::Patterns;
use rootfs::Metadata;

pub(crate) use digest::Digests;
pub(crate) use tree::Tree;

use crate::Error;
use crate::key::Key;
use crate::step::{CopyItem, CopyOperation};

/// A file, and what is below it.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: OsString,
    /// What the kernel says of it; a context's files belong to root.
    pub(crate) metadata: Metadata,
    /// What it holds.
    pub(crate) content: Content,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// A directory's entries, by name.
    Directory(Vec<Node>),
    /// A symbolic link's target.
    Link(OsString),
    /// Bytes, or nothing that could be listed.
    Other,
}

/// A source of a `COPY`, found.
#[derive(Debug)]
pub(crate) struct Selected {
    /// Where it is in the tree, after links.
    pub(crate) path: PathBuf,
    /// What it was called: the name that it gets in a directory.
    pub(crate) name: OsString,
    /// Whether a wildcard found it.
    pub(crate) by_wildcard: bool,
    /// The directories between the pivot and the source (`--parents`).
    pub(crate) on_the_way: Vec<Node>,
    /// What is there.
    pub(crate) node: Node,
}

/// Everything that a `COPY` takes from its source, item by item.
#[derive(Debug)]
pub(crate) struct Selection {
    /// The tree.
    pub(crate) tree: Arc<Tree>,
    /// What each item of the operation found: nothing for heredocs.
    pub(crate) items: Vec<Vec<Selected>>,
    /// The digests of the regular files, in the order of the items and of the walk.
    pub(crate) contents: Vec<[u8; 32]>,
    key: Key,
}

impl Selection {
    /// Finds the sources of a copy in a tree.
    pub(crate) fn new(
        tree: &Arc<Tree>,
        copy: &CopyOperation,
        digests: Digests<'_>,
    ) -> Result<Self, Error> {
        let excludes =
            Patterns::new(copy.excludes.iter().map(String::as_str)).map_err(|source| {
                Error::IgnoreFile {
                    file: "--exclude".to_owned(),
                    source,
                }
            })?;
        let mut items = Vec::with_capacity(copy.items.len());
        for item in &copy.items {
            items.push(match item {
                CopyItem::Path(path) => find::find(tree, path, copy.parents, &excludes)
                    .map_err(|error| tree.named_in(error))?,
                CopyItem::Fetched { .. } | CopyItem::Inline { .. } => Vec::new(),
            });
        }
        let contents =
            digest::contents(tree, &items, digests).map_err(|error| tree.named_in(error))?;
        let key = digest::key(&items, copy, &contents);
        Ok(Self {
            tree: Arc::clone(tree),
            items,
            contents,
            key,
        })
    }

    /// The key of names, metadata (but for times) and contents.
    pub(crate) fn key(&self) -> Key {
        self.key
    }
}
