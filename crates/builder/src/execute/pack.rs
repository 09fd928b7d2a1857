//! A `COPY` whose files nobody has to see: its layer's tar is made of the sources, and no files are made.
//!
//! Directories on the way to the destination are made for real, and so is the destination itself, by the same code
//! that copies: who owns them, which links lead there and what is in the way does not depend on who looks. Only what
//! comes into a new, empty directory is left where it is.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rootfs::{Dir, FileKind, FollowLast, Metadata, Union};
use store::{Change, Changes, Draft, Grafted, LayerError, Snapshot, SnapshotId};

use super::place::{Changed, Entry, Marks, same_version};
use super::{Executor, Work};
use crate::Error;
use crate::notice::Notice;
use crate::select::{Content, Node, Selected, Selection};
use crate::step::{CopyItem, CopyOperation};

/// Whether the files of a step are looked at in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Yes,
    No,
}

/// The place of a directory's content that is not copied.
pub(super) struct Gap {
    below: Union,
    at: OnceCell<PathBuf>,
}

/// A `COPY` that was done, but for the content of the one directory that it copies.
pub(super) struct Unfilled {
    at: PathBuf,
    selection: Arc<Selection>,
    marks: Marks,
}

impl Gap {
    /// Leaves a directory empty, if nothing of the layers below shows in it. Says whether it is.
    pub(super) fn take(&self, directory: &Path) -> Result<bool, Error> {
        let is_new = match directory == Path::new("/") {
            true => self.below.layers().next().is_none(),
            false => self.below.lookup(directory, FollowLast::No)?.is_none(),
        };
        Ok(is_new && self.at.set(directory.to_owned()).is_ok())
    }

    /// What is left to do, if it was used.
    pub(super) fn unfilled(self, selection: &Arc<Selection>, marks: Marks) -> Option<Unfilled> {
        let at = self.at.into_inner()?;
        let selection = Arc::clone(selection);
        Some(Unfilled {
            at,
            selection,
            marks,
        })
    }
}

impl Executor<'_> {
    /// A place for the content of what a copy takes, if that is one directory of files, directories and links.
    pub(super) fn gap(
        &self,
        work: &Work<'_>,
        copy: &CopyOperation,
        selection: Option<&Arc<Selection>>,
    ) -> Result<Option<Gap>, Error> {
        let items = selection.map(|selection| selection.items.as_slice());
        let one = match (work.seen, copy.items.as_slice(), items) {
            (Seen::No, [CopyItem::Path(_)], Some([found])) if !copy.parents => found,
            _ => return Ok(None),
        };
        let [Selected { node, .. }] = one.as_slice() else {
            return Ok(None);
        };
        if !node.metadata.is_dir() || !is_plain(node) {
            return Ok(None);
        }
        let store = self.environment.store;
        let below = store.union(&store.stack(&work.below.stack)?)?;
        let at = OnceCell::new();
        Ok(Some(Gap { below, at }))
    }

    /// Makes a copy a snapshot that is packed.
    pub(super) fn commit_unfilled(
        &self,
        work: &Work<'_>,
        mut draft: Draft,
        unfilled: &Unfilled,
    ) -> Result<Snapshot, Error> {
        draft.settle()?;
        let store = self.environment.store;
        let stack = &work.below.stack;
        let below = store.union(&store.stack(stack)?)?;
        let made = Changes::new(&below, Dir::open(draft.dir())?)?;
        let changed = Changed::default();
        let files = Files::new(unfilled, work.stopped, &changed)?;
        let at = layer_path(&unfilled.at);
        let snapshot = draft.commit_packed(
            &SnapshotId::random(),
            stack,
            self.environment.layers_as.as_ref(),
            Grafted::new(made, at, files),
        )?;
        if let Some(name) = changed.into_inner().expect("no thread panics with it") {
            let name = name.to_string_lossy().into_owned();
            work.notice(Notice::Changed { name });
        }
        Ok(snapshot)
    }
}

/// Whether something is a file, a directory or a link, and so is all that is below it. A file with a whiteout's name is
/// one until it is packed: whoever unpacks it deletes what it names.
fn is_plain(node: &Node) -> bool {
    if node.name.as_bytes().starts_with(b".wh.") {
        return false;
    }
    match &node.content {
        Content::Directory(entries) => entries.iter().all(is_plain),
        Content::Link(_) => true,
        Content::Other => node.metadata.kind == FileKind::File,
    }
}

fn unreadable(source: rootfs::Error) -> LayerError {
    LayerError::Root {
        operation: "read",
        source,
    }
}

fn layer_path(path: &Path) -> Vec<u8> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    relative.as_os_str().as_bytes().to_vec()
}

/// The files below a directory of a source as the changes of a layer.
struct Files<'a> {
    levels: Vec<Level<'a>>,
    marks: &'a Marks,
    /// Files with several names, by what makes them the same file: the name that came first.
    linked: HashMap<((u32, u32), u64), Vec<u8>>,
    stopped: &'a (dyn Fn() -> bool + Sync),
    /// Files of a stage cannot change.
    changed: Option<&'a Changed>,
    /// The file that is being read.
    last: Option<&'a Node>,
}

/// A directory that is being gone through.
struct Level<'a> {
    dir: Dir,
    path: Vec<u8>,
    entries: std::slice::Iter<'a, Node>,
}

impl<'a> Files<'a> {
    fn new(
        unfilled: &'a Unfilled,
        stopped: &'a (dyn Fn() -> bool + Sync),
        changed: &'a Changed,
    ) -> Result<Self, Error> {
        let Unfilled {
            at,
            selection,
            marks,
        } = unfilled;
        let top = &selection.items[0][0];
        let mut files = Self {
            levels: Vec::new(),
            marks,
            linked: HashMap::new(),
            stopped,
            changed: selection.tree.of_root.then_some(changed),
            last: None,
        };
        let dir = selection.tree.root.open_dir(&top.path)?;
        files.enter(dir, layer_path(at), &top.node);
        Ok(files)
    }

    fn enter(&mut self, dir: Dir, path: Vec<u8>, node: &'a Node) {
        if let Content::Directory(entries) = &node.content {
            let entries = entries.iter();
            self.levels.push(Level { dir, path, entries });
        }
    }

    /// Whether the file that was read last is still the one that was listed and hashed.
    fn watch(&mut self) -> Result<(), rootfs::Error> {
        if let (Some(changed), Some(node), Some(level)) =
            (self.changed, self.last.take(), self.levels.last())
        {
            let from = Entry {
                dir: &level.dir,
                name: &node.name,
            };
            same_version(from, &node.metadata, changed)?;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Change>, LayerError> {
        if (self.stopped)() {
            return Err(LayerError::Stopped);
        }
        self.watch().map_err(unreadable)?;
        loop {
            let Some(level) = self.levels.last_mut() else {
                return Ok(None);
            };
            let Some(node) = level.entries.next() else {
                self.levels.pop();
                continue;
            };
            let path = match level.path.as_slice() {
                b"" => node.name.as_bytes().to_vec(),
                directory => [directory, b"/", node.name.as_bytes()].concat(),
            };
            return self.change(path, node).map(Some);
        }
    }

    fn change(&mut self, path: Vec<u8>, node: &'a Node) -> Result<Change, LayerError> {
        let metadata = self.marked(node);
        let dir = &self.levels.last().expect("its directory is open").dir;
        match &node.content {
            Content::Directory(_) => {
                let dir = dir.open_dir(&node.name).map_err(unreadable)?;
                self.enter(dir, path.clone(), node);
                return Ok(Change::directory(path, &metadata));
            }
            Content::Link(target) => {
                let target = target.as_bytes().to_vec();
                return Ok(Change::symlink(path, target, &metadata));
            }
            Content::Other => {}
        }
        if metadata.nlink > 1 {
            let identity = (metadata.dev, metadata.ino);
            if let Some(first) = self.linked.get(&identity) {
                return Ok(Change::hardlink(path, first.clone(), &metadata));
            }
            self.linked.insert(identity, path.clone());
        }
        let (mut file, now) = dir
            .open_file_with_metadata(&node.name)
            .map_err(unreadable)?;
        if now.size == 0 && file.read(&mut [0]).is_ok_and(|length| length > 0) {
            // A file of /proc tells no length: who copies it reads to its end.
            return Err(LayerError::NoLength {
                path: node.name.clone().into(),
            });
        }
        self.last = Some(node);
        let metadata = Metadata {
            size: now.size,
            ..metadata
        };
        Change::file(path, file, &metadata)
    }

    /// What the layer says of a file.
    fn marked(&self, node: &Node) -> Metadata {
        let attributes = self.marks.attributes(&node.metadata);
        let listed = node.metadata.clone();
        let (uid, gid) = attributes.owner.unwrap_or((listed.uid, listed.gid));
        Metadata {
            mode: match node.metadata.is_symlink() {
                true => listed.mode,
                false => attributes.mode.unwrap_or(listed.mode),
            },
            uid,
            gid,
            mtime: attributes.mtime.unwrap_or(listed.mtime),
            ..listed
        }
    }
}

impl Iterator for Files<'_> {
    type Item = Result<Change, LayerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(directory: &Path, name: &str) -> Node {
        let dir = Dir::open(directory).unwrap();
        Node {
            name: name.into(),
            metadata: dir.stat(name).unwrap().unwrap(),
            content: Content::Other,
        }
    }

    #[test]
    fn what_would_be_another_thing_when_it_is_unpacked_is_not_packed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["file", ".wh.file"] {
            std::fs::write(path.join(name), "").unwrap();
        }
        let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap();
        assert!(is_plain(&listed(path, "file")));
        assert!(!is_plain(&listed(path, "socket")));
        let whiteout = listed(path, ".wh.file");
        assert!(!is_plain(&whiteout));
        let above = Node {
            content: Content::Directory(vec![whiteout]),
            ..listed(path, "file")
        };
        assert!(!is_plain(&above));
    }
}
