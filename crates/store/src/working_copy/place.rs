//! Bringing files into a tree: one layer after the other, as overlayfs would show them.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rootfs::{Attributes, Dir, FileKind, Metadata, Node, Root, Xattrs};
use rustix::fs::XattrFlags;

use super::root;
use crate::Error;

/// How files get into a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Copying,
    /// As further names, where that is possible.
    Linking,
}

/// Brings files into a tree, which nobody else writes to meanwhile.
pub(super) struct Placer {
    top: Root,
    by: By,
    /// Files with several names, by what makes them the same file: the path of the first.
    links: HashMap<((u32, u32), u64), PathBuf>,
}

/// A directory that is being filled.
#[derive(Clone, Copy)]
pub(super) struct Into<'a> {
    pub(super) dir: &'a Dir,
    /// From the top of the tree.
    pub(super) path: &'a Path,
}

impl Placer {
    pub(super) fn new(tree: &Path, by: By) -> Result<Self, Error> {
        let top = Root::open(tree).map_err(root)?;
        let links = HashMap::new();
        Ok(Self { top, by, links })
    }

    /// Puts a layer, as overlayfs leaves its upper directory, on top of what is there.
    pub(super) fn apply(mut self, layer: &Path) -> Result<(), Error> {
        let from = Dir::open(layer).map_err(root)?;
        let dir = self.top.open_dir("/").map_err(root)?;
        let path = Path::new("/");
        self.merge(&from, Into { dir: &dir, path })
    }

    /// Puts what is in `from` on top of what is in a directory, which then looks as `from` does.
    fn merge(&mut self, from: &Dir, to: Into<'_>) -> Result<(), Error> {
        let there = !to.dir.entries().map_err(root)?.is_empty();
        for entry in from.entries().map_err(root)? {
            let name = entry.name.as_os_str();
            let Some(metadata) = from.stat(name).map_err(root)? else {
                continue;
            };
            let keeps = metadata.is_dir()
                && there
                && to
                    .dir
                    .stat(name)
                    .map_err(root)?
                    .is_some_and(|old| old.is_dir())
                && !from
                    .open_dir(name)
                    .and_then(|dir| dir.is_opaque())
                    .map_err(root)?;
            if there && !keeps {
                to.dir.remove_tree(name).map_err(root)?;
            }
            match metadata.kind {
                _ if metadata.is_whiteout() => {}
                FileKind::Directory => self.directory(from, to, (name, keeps))?,
                _ => self.file((from, name), &metadata, to)?,
            }
        }
        copy_own(from, to.dir)
    }

    fn directory(
        &mut self,
        from: &Dir,
        to: Into<'_>,
        (name, is_there): (&OsStr, bool),
    ) -> Result<(), Error> {
        if !is_there {
            to.dir.mkdir(name, 0o700).map_err(root)?;
        }
        let (from, dir) = (from.open_dir(name), to.dir.open_dir(name));
        let path = to.path.join(name);
        self.merge(
            &from.map_err(root)?,
            Into {
                dir: &dir.map_err(root)?,
                path: &path,
            },
        )
    }

    /// Brings what is not a directory. Nothing has its name.
    pub(super) fn file(
        &mut self,
        (from, name): (&Dir, &OsStr),
        metadata: &Metadata,
        to: Into<'_>,
    ) -> Result<(), Error> {
        // Some file systems have none, and all have a limit of them.
        if self.by == By::Linking && from.link(name, to.dir, name).is_ok() {
            return Ok(());
        }
        if metadata.nlink > 1 {
            let identity = (metadata.dev, metadata.ino);
            if let Some(first) = self.links.get(&identity) {
                let (dir, first) = self.top.parent_of(first).map_err(root)?;
                return dir.link(first, to.dir, name).map_err(root);
            }
            self.links.insert(identity, to.path.join(name));
        }
        copy((from, name), metadata, (to.dir, name))
    }
}

/// Copies a tree, or what else it is, to a name that is free.
pub(super) fn copy_tree(from: (&Dir, &OsStr), to: (&Dir, &OsStr)) -> Result<(), Error> {
    let Some(metadata) = from.0.stat(from.1).map_err(root)? else {
        return Ok(());
    };
    match metadata.is_dir() {
        true => copy_all(&from.0.open_dir(from.1).map_err(root)?, to),
        false => copy(from, &metadata, to),
    }
}

/// Copies a directory to a name that is free.
pub(super) fn copy_all(source: &Dir, (to, name): (&Dir, &OsStr)) -> Result<(), Error> {
    let made = to.create_dir(name, 0o700).map_err(root)?;
    let top = made.try_clone().map_err(root)?.into_fd();
    let mut placer = Placer {
        top: Root::from_fd(top),
        by: By::Copying,
        links: HashMap::new(),
    };
    let path = Path::new("/");
    placer.merge(source, Into { dir: &made, path })
}

/// Copies what is not a directory, with all that belongs to it.
fn copy(
    (from, name): (&Dir, &OsStr),
    metadata: &Metadata,
    (to, new): (&Dir, &OsStr),
) -> Result<(), Error> {
    let node = match metadata.kind {
        FileKind::File => return copy_file((from, name), (to, new)),
        FileKind::Symlink => {
            let target = from.read_link(name).map_err(root)?;
            to.symlink(new, target).map_err(root)?;
            return to
                .set_attributes(new, &Attributes::of(metadata))
                .map_err(root);
        }
        FileKind::Char => Node::Char(metadata.rdev.0, metadata.rdev.1),
        FileKind::Block => Node::Block(metadata.rdev.0, metadata.rdev.1),
        FileKind::Fifo => Node::Fifo,
        FileKind::Socket | FileKind::Directory => Node::Socket,
    };
    match to.mknod(new, node, metadata.mode) {
        // As when a layer is unpacked: devices that may not be made are not there.
        Err(e) if e.io_kind() == Some(io::ErrorKind::PermissionDenied) => Ok(()),
        made => made.and_then(|()| to.set_attributes(new, &Attributes::of(metadata))),
    }
    .map_err(root)
}

fn copy_file((from, name): (&Dir, &OsStr), (to, new): (&Dir, &OsStr)) -> Result<(), Error> {
    let (source, metadata) = from.open_file_with_metadata(name).map_err(root)?;
    let made = to.create_file(new, 0o600).map_err(root)?;
    rootfs::copy_contents(&source, &made)
        .and_then(|_| Attributes::of(&metadata).apply_to(&made))
        // After the owner, whose change takes capabilities away.
        .and_then(|()| copy_xattrs(&source, &made))
        .map_err(Error::io("copy a file to", &to.path().join(new)))
}

/// Gives a directory what another one has, besides its content.
pub(super) fn copy_own(from: &Dir, to: &Dir) -> Result<(), Error> {
    for (name, value) in from.xattrs().map_err(root)?.iter().filter(is_kept) {
        to.set_xattr(name, value).map_err(root)?;
    }
    let metadata = from.metadata().map_err(root)?;
    to.set_own_attributes(&Attributes::of(&metadata))
        .map_err(root)
}

fn copy_xattrs(from: &File, to: &File) -> io::Result<()> {
    for (name, value) in rootfs::xattrs(from)?.iter().filter(is_kept) {
        rustix::fs::fsetxattr(to, name, value, XattrFlags::empty())?;
    }
    Ok(())
}

/// What a layer can have: `user.overlay.*` says how layers lie on each other.
fn is_kept((name, _): &<&Xattrs as IntoIterator>::Item) -> bool {
    let name: &OsString = name;
    let is_users = name.as_bytes().starts_with(b"user.");
    let is_overlays = name.as_bytes().starts_with(b"user.overlay.");
    name == rootfs::CAPABILITY || (is_users && !is_overlays)
}
