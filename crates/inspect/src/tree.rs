//! An image's files by size.

use crate::Error;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use store::{Image, Store};

/// Directories below each other; `PATH_MAX` allows fewer than this.
const DEPTH_LIMIT: usize = 2048;

/// A directory of an image with everything below it, as merged over all layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Bytes of the regular files in it and below it. A file with several hard links counts once.
    pub bytes: u64,
    /// How many files (of any kind but directories) there are.
    pub files: u64,
    /// The directories in it.
    pub directories: BTreeMap<OsString, Tree>,
}

impl Tree {
    /// Reads an image's tree. Its layers are unpacked if they were not yet.
    ///
    /// # Errors
    /// When a layer cannot be unpacked or read.
    pub fn read(store: &Store, image: &Image) -> Result<Self, Error> {
        let failed = |source| Error::Image {
            image: image.id.to_string(),
            source,
        };
        let stack = store.unpack_image(image).map_err(failed)?;
        let union = store.union(&stack).map_err(failed)?;
        // Recursion would need to name the directory's type, which is not this crate's to know: an explicit stack does not.
        let mut tree = Self::default();
        let mut linked = HashSet::new();
        let mut open = vec![(PathBuf::from("/"), union.root().clone())];
        while let Some((path, dir)) = open.pop() {
            let read = |error| Error::Read {
                path: path.clone(),
                source: Box::new(error),
            };
            if path.components().count() > DEPTH_LIMIT {
                return Err(Error::TooDeep { path });
            }
            for entry in dir.entries().map_err(read)? {
                let Some(metadata) = dir.stat(&entry.name).map_err(read)? else {
                    continue;
                };
                let at = path.join(&entry.name);
                if metadata.is_dir() {
                    tree.directory(&at);
                    open.extend(
                        dir.open_dir(&entry.name)
                            .map_err(read)?
                            .map(|dir| (at, dir)),
                    );
                    continue;
                }
                let counted =
                    metadata.nlink < 2 || linked.insert((entry.layer, metadata.dev, metadata.ino));
                let bytes = if metadata.is_file() && counted {
                    metadata.size
                } else {
                    0
                };
                tree.add(&path, bytes);
            }
        }
        Ok(tree)
    }

    /// A tree of these files, by their absolute paths.
    pub fn of_files<P: AsRef<Path>>(files: impl IntoIterator<Item = (P, u64)>) -> Self {
        let mut tree = Self::default();
        for (path, bytes) in files {
            tree.add(path.as_ref().parent().unwrap_or(Path::new("/")), bytes);
        }
        tree
    }

    /// Makes sure that a directory is in the tree.
    fn directory(&mut self, path: &Path) {
        let mut at = self;
        for name in names(path) {
            at = at.directories.entry(name).or_default();
        }
    }

    /// Adds a file to a directory and to all above it.
    fn add(&mut self, directory: &Path, bytes: u64) {
        let mut at = self;
        at.bytes = at.bytes.saturating_add(bytes);
        at.files += 1;
        for name in names(directory) {
            at = at.directories.entry(name).or_default();
            at.bytes = at.bytes.saturating_add(bytes);
            at.files += 1;
        }
    }
}

fn names(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn bytes_add_up() {
        let tree = Tree::of_files([("/a", 1), ("/usr/bin/x", 20), ("/usr/lib/y/z", 300)]);
        assert_eq!((tree.bytes, tree.files), (321, 3));
        let usr = &tree.directories[std::ffi::OsStr::new("usr")];
        assert_eq!((usr.bytes, usr.directories.len()), (320, 2));
    }
}
