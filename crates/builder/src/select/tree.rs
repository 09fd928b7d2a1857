//! A tree that files are copied from: a context behind its ignore file, or a stage.

use std::path::{Path, PathBuf};

use dockerfile::ignore::Patterns;
use rootfs::{FollowLast, Metadata, Root};

use crate::Error;
use crate::times::Normalise;

/// A tree that files are copied from.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Its root.
    pub(crate) root: Root,
    /// What of it is ignored.
    pub(crate) patterns: Option<Patterns>,
    /// The ignore file that the patterns are from.
    ignore_file: String,
    /// Whether everything belongs to root, whoever owns it on the host.
    pub(crate) of_root: bool,
    /// What errors call it.
    pub(crate) name: String,
    /// What of its files is made the same whoever checked them out.
    normalise: Normalise,
}

impl Tree {
    /// A context: whoever owns its files on the host, in the build they are root's.
    pub(crate) fn context(root: Root, ignore: Option<(&str, Patterns)>, name: String) -> Self {
        let (ignore_file, patterns) = ignore.unwrap_or_default();
        Self {
            root,
            patterns: Some(patterns).filter(|patterns| !patterns.is_empty()),
            ignore_file: ignore_file.to_owned(),
            of_root: true,
            name,
            normalise: Normalise::Nothing,
        }
    }

    /// The same, with files that are made the same.
    pub(crate) fn normalised(self, normalise: Normalise) -> Self {
        Self { normalise, ..self }
    }

    /// The same, where the owners of files count.
    pub(crate) fn with_owners(self) -> Self {
        Self {
            of_root: false,
            ..self
        }
    }

    /// The file system of a stage or an image.
    pub(crate) fn filesystem(root: Root, name: String) -> Self {
        Self {
            root,
            patterns: None,
            ignore_file: String::new(),
            of_root: false,
            name,
            normalise: Normalise::Nothing,
        }
    }

    /// What is at a path, links followed: its path after that, and its metadata. `None` if nothing
    /// is there.
    pub(crate) fn look(&self, path: &Path) -> Result<Option<(PathBuf, Metadata)>, Error> {
        let resolved = self.root.resolve(path, FollowLast::Yes)?;
        let metadata = self.root.symlink_metadata(&resolved)?;
        Ok(metadata.map(|metadata| (resolved, self.owned(metadata))))
    }

    /// The metadata as the build sees them.
    pub(crate) fn owned(&self, metadata: Metadata) -> Metadata {
        if self.of_root {
            self.normalise.apply(Metadata {
                uid: 0,
                gid: 0,
                ..metadata
            })
        } else {
            metadata
        }
    }

    /// Whether a path is hidden by the ignore file. A directory that is hidden itself may still
    /// have something to show.
    pub(crate) fn ignores(&self, path: &Path) -> bool {
        let path = in_patterns(path);
        !path.is_empty() && self.patterns.as_ref().is_some_and(|p| p.ignores_path(path))
    }

    /// The line of the ignore file that hides a path, with its pattern.
    pub(crate) fn hidden_by(&self, path: &Path) -> Option<String> {
        let pattern = self.patterns.as_ref()?.reason(in_patterns(path))?;
        let (file, line, text) = (&self.ignore_file, pattern.line, &pattern.text);
        Some(format!("{file}:{line} (`{text}`)"))
    }

    /// An error about a file of the tree, with the tree's name: its paths are not the host's.
    pub(crate) fn named_in(&self, error: Error) -> Error {
        match error {
            Error::Rootfs(source) => Error::Unreadable {
                tree: self.name.clone(),
                source,
            },
            other => other,
        }
    }
}

/// A path in the patterns' terms.
fn in_patterns(path: &Path) -> &[u8] {
    let relative = path.strip_prefix("/").unwrap_or(path);
    relative.as_os_str().as_encoded_bytes()
}
