//! What can only be done for a layer when the layers below it are known.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rootfs::{Attributes, Dir, FileKind, FollowLast, Found, Metadata, Node, Root, Union, UnionDir};

use super::Applied;
use crate::layer_error::{LayerError, root};
use crate::unpack::names;

impl Applied {
    /// Makes the unpacked layer in `directory` fit on top of `below`. To be done once, before anybody sees it:
    ///
    /// * directories that no entry described get what the same directories have below;
    /// * a layer that deletes everything gets a whiteout for each name;
    /// * hard links to files of the layers below become copies of them;
    /// * whiteouts of what is not there are dropped: the kernel would list them.
    ///
    /// # Errors
    /// [`LayerError::LinkTarget`] if there is no file for a hard link; [`LayerError::Root`].
    pub fn settle(&mut self, directory: &Path, below: &Union) -> Result<(), LayerError> {
        let top = Dir::open(directory).map_err(root("unpack"))?;
        if self.opaque_root {
            hide_all(&top, below.root())?;
        }
        let mut trail = Trail::new(Pair::top(&top, below)?);
        for path in &self.implied {
            if let Some(pair) = trail.find(path)? {
                pair.adopt()?;
            }
        }
        if !self.dangling.is_empty() {
            let inside = Root::open(directory).map_err(root("unpack"))?;
            let whole = Union::new(below_and(&top, below)?);
            for (link, target) in &self.dangling {
                self.size += link_below(&inside, &whole, link, target)?;
            }
        }
        for path in &self.whiteouts {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                continue;
            };
            if let Some(pair) = trail.find(parent)? {
                pair.drop_whiteout(name)?;
            }
        }
        Ok(())
    }
}

/// A directory of the layer, and what shows through it from below: nothing if it is opaque, or in one that is.
#[derive(Clone)]
struct Pair {
    dir: Arc<Dir>,
    below: Option<UnionDir>,
    /// What has its name below, even if nothing of it shows through.
    model: Option<UnionDir>,
}

impl Pair {
    fn top(top: &Dir, below: &Union) -> Result<Pair, LayerError> {
        let dir = Arc::new(top.try_clone().map_err(root("unpack"))?);
        Ok(Pair {
            dir,
            below: Some(below.root().clone()),
            model: Some(below.root().clone()),
        })
    }

    /// The directory `name` in this one; `None` if the layer has no such directory (any more).
    fn open(&self, name: &OsStr) -> Result<Option<Pair>, LayerError> {
        let dir = match self.dir.open_dir(name) {
            Ok(dir) => Arc::new(dir),
            Err(rootfs::Error::NotADirectory { .. }) => return Ok(None),
            Err(e) if e.io_kind() == Some(io::ErrorKind::NotFound) => return Ok(None),
            Err(e) => return Err(root("unpack")(e)),
        };
        let opaque = dir.is_opaque().map_err(root("unpack"))?;
        let model = match &self.below {
            Some(below) => below.open_dir(name).map_err(root("unpack"))?,
            None => None,
        };
        let below = model.clone().filter(|_| !opaque);
        Ok(Some(Pair { dir, below, model }))
    }

    /// Takes over owner, mode, time and attributes of the directory below.
    fn adopt(&self) -> Result<(), LayerError> {
        let Some(model) = self.model.as_ref().and_then(UnionDir::top) else {
            return Ok(());
        };
        for (key, value) in model.xattrs().map_err(root("unpack"))? {
            if !key.as_encoded_bytes().starts_with(b"user.overlay.") {
                self.dir.set_xattr(&key, &value).map_err(root("unpack"))?;
            }
        }
        let attributes = Attributes::of(&model.metadata().map_err(root("unpack"))?);
        self.dir
            .set_own_attributes(&attributes)
            .map_err(root("unpack"))
    }

    /// Removes a whiteout that hides nothing.
    fn drop_whiteout(&self, name: &OsStr) -> Result<(), LayerError> {
        if let Some(below) = &self.below
            && below.stat(name).map_err(root("unpack"))?.is_some()
        {
            return Ok(());
        }
        let there = self.dir.stat(name).map_err(root("unpack"))?;
        if there.is_some_and(|there| there.is_whiteout()) {
            let before = self.dir.metadata().map_err(root("unpack"))?;
            self.dir.remove_file(name).map_err(root("unpack"))?;
            let time = Attributes {
                mtime: Some(before.mtime),
                ..Attributes::default()
            };
            self.dir.set_own_attributes(&time).map_err(root("unpack"))?;
        }
        Ok(())
    }
}

/// The directories on the way to the one that was looked for last: the next one is mostly near, or in it.
struct Trail {
    top: Pair,
    held: Vec<(OsString, Pair)>,
    last: Option<(PathBuf, Pair)>,
}

impl Trail {
    /// As many levels are held open; deeper ones are looked up anew.
    const DEPTH: usize = 16;

    fn new(top: Pair) -> Trail {
        Trail {
            top,
            held: Vec::new(),
            last: None,
        }
    }

    /// The directory at `path`, no link followed; `None` if the layer has no such directory (any more).
    fn find(&mut self, path: &Path) -> Result<Option<Pair>, LayerError> {
        let found = match (&self.last, path.parent(), path.file_name()) {
            (Some((last, pair)), _, _) if last == path => Some(pair.clone()),
            (Some((last, pair)), Some(parent), Some(name)) if last == parent => pair.open(name)?,
            _ => self.walk(path)?,
        };
        self.last = found.clone().map(|pair| (path.to_owned(), pair));
        Ok(found)
    }

    fn walk(&mut self, path: &Path) -> Result<Option<Pair>, LayerError> {
        let shared = names(path)
            .zip(&self.held)
            .take_while(|(name, (held, _))| name == held);
        let shared = shared.count();
        self.held.truncate(shared);
        let mut pair = self.held.last().map_or(&self.top, |(_, pair)| pair).clone();
        for (depth, name) in names(path).enumerate().skip(shared) {
            let Some(next) = pair.open(name)? else {
                return Ok(None);
            };
            pair = next;
            if depth < Trail::DEPTH {
                self.held.push((name.to_owned(), pair.clone()));
            }
        }
        Ok(Some(pair))
    }
}

fn hide_all(top: &Dir, below: &UnionDir) -> Result<(), LayerError> {
    for entry in below.entries().map_err(root("unpack"))? {
        match top.whiteout(&entry.name) {
            Ok(()) => {}
            Err(e) if e.io_kind() == Some(io::ErrorKind::AlreadyExists) => {
                super::keep_but_hide(top, &entry.name)?;
            }
            Err(e) => return Err(root("unpack")(e)),
        }
    }
    Ok(())
}

fn below_and(top: &Dir, below: &Union) -> Result<Vec<Dir>, LayerError> {
    let mut layers = vec![top.try_clone().map_err(root("unpack"))?];
    for layer in below.layers() {
        layers.push(layer.try_clone().map_err(root("unpack"))?);
    }
    Ok(layers)
}

/// Makes a hard link whose target is in the layers below, which cannot be linked to: a copy. Answers its size.
fn link_below(inside: &Root, whole: &Union, link: &Path, target: &Path) -> Result<u64, LayerError> {
    let missing = || LayerError::LinkTarget {
        path: link.to_owned(),
        target: target.to_owned(),
    };
    let found = whole
        .lookup(target, FollowLast::No)
        .map_err(root("unpack"))?
        .ok_or_else(missing)?;
    let (from, Some(from_name)) = found.place() else {
        return Err(missing());
    };
    let (to, name) = inside.parent_of(link).map_err(root("unpack"))?;
    // An earlier entry may have the name, and nothing else that came after the link.
    to.remove_tree(&name).map_err(root("unpack"))?;
    if found.layer == 0 {
        from.link(from_name, &to, &name).map_err(root("unpack"))?;
        return Ok(0);
    }
    copy_of(&found, &to, &name, link)
}

fn copy_of(found: &Found, to: &Dir, name: &OsStr, link: &Path) -> Result<u64, LayerError> {
    let (from, from_name) = found.place();
    let from_name = from_name.unwrap_or_default();
    let metadata = &found.metadata;
    match node(metadata) {
        _ if metadata.is_file() => return copy_file(found, to, name, link),
        _ if metadata.is_symlink() => {
            let target = from.read_link(from_name).map_err(root("unpack"))?;
            to.symlink(name, target).map_err(root("unpack"))?;
        }
        Some(node) => to
            .mknod(name, node, metadata.mode)
            .map_err(root("unpack"))?,
        None => {
            let reason = "it is a hard link to a directory";
            return Err(LayerError::Entry {
                path: link.to_owned(),
                reason,
            });
        }
    }
    to.set_attributes(name, &Attributes::of(metadata))
        .map_err(root("unpack"))?;
    Ok(0)
}

fn copy_file(found: &Found, to: &Dir, name: &OsStr, link: &Path) -> Result<u64, LayerError> {
    let failed = |source| LayerError::Content {
        path: PathBuf::from(link),
        source,
    };
    let from = found.open().map_err(root("unpack"))?;
    let file = to
        .create_file(name, found.metadata.mode)
        .map_err(root("unpack"))?;
    let size = rootfs::copy_contents(&from, &file).map_err(failed)?;
    Attributes::of(&found.metadata)
        .apply_to(&file)
        .map_err(failed)?;
    let (dir, from_name) = found.place();
    for (key, value) in dir
        .xattrs_of(from_name.unwrap_or_default())
        .map_err(root("unpack"))?
    {
        if !key.as_encoded_bytes().starts_with(b"user.overlay.") {
            to.set_xattr_of(name, &key, &value)
                .map_err(root("unpack"))?;
        }
    }
    Ok(size)
}

fn node(metadata: &Metadata) -> Option<Node> {
    let (major, minor) = metadata.rdev;
    match metadata.kind {
        FileKind::Char => Some(Node::Char(major, minor)),
        FileKind::Block => Some(Node::Block(major, minor)),
        FileKind::Fifo => Some(Node::Fifo),
        FileKind::Socket => Some(Node::Socket),
        FileKind::File | FileKind::Symlink | FileKind::Directory => None,
    }
}
