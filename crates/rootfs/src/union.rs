//! Looking into a stack of layers without mounting it.

mod dir;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use dir::{UnionDir, UnionEntry};

use crate::root::{FollowLast, read_bounded};
use crate::walk::{End, walk};
use crate::{Dir, Error, Metadata};

/// A stack of layers, each a directory in the form that overlayfs gives its upper one. It is looked at as the kernel
/// would merge it, and never changed.
#[derive(Debug, Clone)]
pub struct Union {
    root: UnionDir,
}

/// What a path leads to.
#[derive(Debug, Clone)]
pub struct Found {
    /// The path without links.
    pub path: PathBuf,
    /// Which layer it is from, counted from the top. Of a directory, the topmost that has it.
    pub layer: usize,
    /// Its metadata.
    pub metadata: Metadata,
    /// Where it is: the layer's directory and the name in it; the layer's root has no name.
    place: (Arc<Dir>, Option<OsString>),
}

impl Union {
    /// The stack of these layers, the top one first.
    #[must_use]
    pub fn new(layers: Vec<Dir>) -> Union {
        Union {
            root: UnionDir::root(layers),
        }
    }

    /// The stack of the layers in these directories of the host, the top one first.
    ///
    /// # Errors
    /// [`Error::Io`] if one of them is not a directory that can be opened.
    pub fn open<P: AsRef<Path>>(layers: impl IntoIterator<Item = P>) -> Result<Union, Error> {
        layers
            .into_iter()
            .map(Dir::open)
            .collect::<Result<_, _>>()
            .map(Union::new)
    }

    /// The root directory of all layers together.
    #[must_use]
    pub fn root(&self) -> &UnionDir {
        &self.root
    }

    /// The layers, the top one first.
    pub fn layers(&self) -> impl Iterator<Item = &Dir> {
        self.root.parts()
    }

    /// What `path` leads to inside the stack; `None` if to nothing.
    ///
    /// # Errors
    /// [`Error::TooManyLinks`], [`Error::Io`].
    pub fn lookup(
        &self,
        path: impl AsRef<Path>,
        follow: FollowLast,
    ) -> Result<Option<Found>, Error> {
        let arrival = match walk(self.root.clone(), path.as_ref(), follow, &mut |_| Ok(None)) {
            Err(Error::NotADirectory { .. }) => return Ok(None),
            arrival => arrival?,
        };
        match (arrival.end, arrival.last) {
            (End::Missing, _) => Ok(None),
            (_, Some((parent, name))) => Ok(parent.find(&name)?.map(|found| Found {
                path: arrival.path,
                layer: found.layer,
                metadata: found.metadata,
                place: (found.dir, Some(name)),
            })),
            (_, None) => self.found_root(),
        }
    }

    /// The names in a directory of the stack, links followed; `None` if `path` does not lead to one.
    ///
    /// # Errors
    /// [`Error::TooManyLinks`], [`Error::Io`].
    pub fn read_dir(&self, path: impl AsRef<Path>) -> Result<Option<Vec<UnionEntry>>, Error> {
        self.dir(path)?.map(|dir| dir.entries()).transpose()
    }

    /// A directory of the stack, links followed; `None` if `path` does not lead to one.
    ///
    /// # Errors
    /// [`Error::TooManyLinks`], [`Error::Io`].
    pub fn dir(&self, path: impl AsRef<Path>) -> Result<Option<UnionDir>, Error> {
        let root = self.root.clone();
        match walk(root, path.as_ref(), FollowLast::Yes, &mut |_| Ok(None)) {
            Err(Error::NotADirectory { .. }) => Ok(None),
            Err(e) => Err(e),
            Ok(arrival) => match arrival.end {
                End::Dir(dir) => Ok(Some(dir)),
                End::Other | End::Missing => Ok(None),
            },
        }
    }

    /// The content of a regular file, links followed; `None` if there is no such file.
    ///
    /// # Errors
    /// [`Error::NotAFile`], [`Error::TooLarge`], [`Error::TooManyLinks`], [`Error::Io`].
    pub fn read(&self, path: impl AsRef<Path>, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(found) = self.lookup(path, FollowLast::Yes)? else {
            return Ok(None);
        };
        let file = found.open()?;
        read_bounded(&file, limit, || found.path.clone()).map(Some)
    }

    fn found_root(&self) -> Result<Option<Found>, Error> {
        let Some(top) = self.root.top_part() else {
            return Ok(None);
        };
        let metadata = top.metadata()?;
        let path = PathBuf::from("/");
        Ok(Some(Found {
            path,
            layer: 0,
            metadata,
            place: (Arc::clone(top), None),
        }))
    }
}

impl Found {
    /// Opens the regular file that was found.
    ///
    /// # Errors
    /// [`Error::NotAFile`] if it is something else; [`Error::Io`].
    pub fn open(&self) -> Result<File, Error> {
        match &self.place {
            (dir, Some(name)) => dir.open_file(name),
            (_, None) => Err(Error::NotAFile {
                path: self.path.clone(),
            }),
        }
    }

    /// The directory of the layer that it is in, and its name there; the root of the stack has none.
    #[must_use]
    pub fn place(&self) -> (&Dir, Option<&std::ffi::OsStr>) {
        (&self.place.0, self.place.1.as_deref())
    }
}
