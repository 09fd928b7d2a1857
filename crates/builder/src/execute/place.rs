//! Putting files and directories into a root: what of them is kept, and what gives way.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use dockerfile::chmod::Chmod;
use rootfs::{
    Attributes, CAPABILITY, Dir, FileKind, Metadata, Node as SpecialNode, Root, Time, copy_contents,
};

use crate::Error;
use crate::parallel::{self, Share};
use crate::select::{Content, Node};

/// What a copy does to everything that it places.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Owner and group, instead of the source's.
    pub(super) owner: Option<(u32, u32)>,
    /// Permissions, instead of the source's.
    pub(super) chmod: Option<Chmod>,
    /// The time of what has no source; `None` is now.
    pub(super) time_of_made: Option<Time>,
}

impl Marks {
    /// What a file gets that has this metadata in the source.
    pub(super) fn attributes(&self, metadata: &Metadata) -> Attributes {
        let mode = match &self.chmod {
            Some(chmod) => chmod.apply(metadata.mode, metadata.is_dir()),
            None => metadata.mode,
        };
        Attributes {
            mode: Some(mode),
            owner: Some(self.owner.unwrap_or((metadata.uid, metadata.gid))),
            mtime: Some(metadata.mtime),
        }
    }
}

/// A directory that files are placed in.
pub(super) struct Target {
    pub(super) dir: Dir,
    /// Its path in the root, for errors.
    pub(super) path: PathBuf,
    /// Whether it was just made: then nothing can be in the way.
    pub(super) fresh: bool,
}

impl Target {
    /// A name in the directory.
    pub(super) fn entry<'a>(&'a self, name: &'a OsStr) -> Place<'a> {
        Place { target: self, name }
    }
}

/// Where something is placed.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) target: &'a Target,
    pub(super) name: &'a OsStr,
}

/// Where something is taken from.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) dir: &'a Dir,
    pub(super) name: &'a OsStr,
}

/// What a copy writes to.
#[derive(Clone, Copy)]
pub(super) struct Destination<'a> {
    /// The root that the step sees.
    pub(super) root: &'a Root,
    /// The layer on top, if there are others below it.
    pub(super) upper: Option<&'a Root>,
}

impl<'a> Destination<'a> {
    /// Opens the directory that a source directory becomes, making it if it is not there.
    pub(super) fn enter(&self, at: &Place<'_>) -> Result<Target, Error> {
        let Place { target, name } = at;
        let path = target.path.join(name);
        let there = if target.fresh {
            None
        } else {
            target.dir.stat(name)?
        };
        match there {
            None => {
                let dir = target.dir.create_dir(name, 0o755)?;
                match target.fresh {
                    true => Ok(Target {
                        dir,
                        path,
                        fresh: true,
                    }),
                    false => self.fresh(path),
                }
            }
            Some(metadata) if metadata.is_dir() => Ok(Target {
                dir: target.dir.open_dir(name)?,
                path,
                fresh: false,
            }),
            Some(_) => Err(Error::NotADirectory { path }),
        }
    }

    /// A directory that was just made at a path without links. Nothing shows through it, so what comes into it is
    /// made in the layer itself, which costs less than making it through the overlay.
    pub(super) fn fresh(&self, path: PathBuf) -> Result<Target, Error> {
        let dir = self.made_through(true).open_dir(&path)?;
        Ok(Target {
            dir,
            path,
            fresh: true,
        })
    }

    /// What a directory's files are made through.
    fn made_through(&self, fresh: bool) -> &'a Root {
        self.upper.filter(|_| fresh).unwrap_or(self.root)
    }
}

/// Paths in the root of files that were placed already, by what makes them the same file.
type Linked = HashMap<((u32, u32), u64), PathBuf>;

/// Places the files of one source.
pub(super) struct Placer<'a> {
    to: Destination<'a>,
    marks: &'a Marks,
    /// Files with several names: the second name becomes a link to the first.
    linked: Mutex<Linked>,
    stopped: &'a (dyn Fn() -> bool + Sync),
    /// Keeps the name of a file that is not any more what the step's key was made of.
    changed: Option<&'a Changed>,
}

/// A file of the context that somebody changed during the build.
pub(super) type Changed = Mutex<Option<OsString>>;

impl<'a> Placer<'a> {
    pub(super) fn new(
        to: Destination<'a>,
        marks: &'a Marks,
        stopped: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self {
            to,
            marks,
            linked: Mutex::default(),
            stopped,
            changed: None,
        }
    }

    /// Looks out for files that change until they are copied.
    pub(super) fn watching(self, changed: &'a Changed) -> Self {
        Self {
            changed: Some(changed),
            ..self
        }
    }

    /// Whether the file that was just copied is still the one that was listed and hashed.
    fn watch(&self, from: Entry<'_>, listed: &Metadata) -> Result<(), Error> {
        match self.changed {
            Some(changed) => Ok(same_version(from, listed, changed)?),
            None => Ok(()),
        }
    }

    /// Places what is in the directory `from` and listed in `entries` into `into`.
    pub(super) fn contents(
        &self,
        from: &Dir,
        entries: &[Node],
        into: &Target,
    ) -> Result<(), Error> {
        self.share(from, entries, into, Share::Possible)
    }

    fn share(
        &self,
        from: &Dir,
        entries: &[Node],
        into: &Target,
        share: Share,
    ) -> Result<(), Error> {
        if !share.is_worth_it(entries.len()) {
            return entries
                .iter()
                .try_for_each(|node| self.node(from, node, into, share));
        }
        parallel::each(
            entries.len(),
            || (),
            |(), at| self.node(from, &entries[at], into, Share::Done),
        )
    }

    fn node(&self, from: &Dir, node: &Node, into: &Target, share: Share) -> Result<(), Error> {
        if (self.stopped)() {
            return Err(Error::Cancelled);
        }
        match &node.content {
            Content::Directory(entries) => {
                let from = from.open_dir(&node.name)?;
                let target = self.to.enter(&into.entry(&node.name))?;
                self.share(&from, entries, &target, share)?;
                self.finish(&target, node)
            }
            _ => {
                let from = Entry {
                    dir: from,
                    name: &node.name,
                };
                self.file(from, node, into.entry(&node.name))
            }
        }
    }

    /// Gives a directory its attributes: last, since every name made in it changes its time.
    fn finish(&self, target: &Target, node: &Node) -> Result<(), Error> {
        let attributes = self.marks.attributes(&node.metadata);
        Ok(target.dir.set_own_attributes(&attributes)?)
    }

    /// Places a directory with what is listed of it.
    pub(super) fn directory(
        &self,
        from: &Dir,
        node: &Node,
        entries: &[Node],
        at: &Place<'_>,
    ) -> Result<(), Error> {
        let target = self.to.enter(at)?;
        self.contents(from, entries, &target)?;
        self.finish(&target, node)
    }

    /// Places anything but a directory.
    pub(super) fn file(&self, from: Entry<'_>, node: &Node, at: Place<'_>) -> Result<(), Error> {
        make_room(&at)?;
        let metadata = &node.metadata;
        if metadata.nlink < 2 || metadata.kind != FileKind::File {
            return self.place(from, node, at);
        }
        // Nobody may look for the first name while it is being made.
        let mut linked = self.linked.lock().expect("no thread panics with it");
        let Place { target, name } = at;
        let identity = (metadata.dev, metadata.ino);
        if let Some(first) = linked.get(&identity) {
            // Both names through the same mount: the layer on top has whatever this copy made.
            let (dir, first) = self.to.made_through(target.fresh).parent_of(first)?;
            return Ok(dir.link(&first, &target.dir, name)?);
        }
        self.place(from, node, at)?;
        linked.insert(identity, target.path.join(name));
        Ok(())
    }

    fn place(&self, from: Entry<'_>, node: &Node, at: Place<'_>) -> Result<(), Error> {
        let Place { target: into, name } = at;
        let metadata = &node.metadata;
        let attributes = self.marks.attributes(metadata);
        match (metadata.kind, &node.content) {
            (FileKind::File, _) => {
                regular(&from, &into.dir, name, &attributes)?;
                self.watch(from, metadata)?;
            }
            (_, Content::Link(target)) => {
                into.dir.symlink(name, target)?;
                let attributes = Attributes {
                    mode: None,
                    ..attributes
                };
                into.dir.set_attributes(name, &attributes)?;
            }
            (kind, _) => special(kind, metadata, &into.dir, name, &attributes)?,
        }
        Ok(())
    }
}

/// Notes the name of a file that is not any more what was listed.
pub(super) fn same_version(
    from: Entry<'_>,
    listed: &Metadata,
    changed: &Changed,
) -> Result<(), rootfs::Error> {
    // The listed time may be another one than the file's: a build that is to be reproducible gives all the same.
    let version = |m: &Metadata| (m.ino, m.size, m.ctime);
    let now = from.dir.stat(from.name)?;
    if now.as_ref().map(version) != Some(version(listed)) {
        let mut changed = changed.lock().expect("no thread panics with it");
        changed.get_or_insert_with(|| from.name.to_owned());
    }
    Ok(())
}

/// Takes away a file that has the name already. A directory stays, and is an error.
pub(super) fn make_room(at: &Place<'_>) -> Result<(), Error> {
    let Place { target, name } = at;
    if target.fresh {
        return Ok(());
    }
    match target.dir.stat(name)? {
        None => Ok(()),
        Some(metadata) if metadata.is_dir() => Err(Error::IsADirectory {
            path: target.path.join(name),
        }),
        Some(_) => Ok(target.dir.remove_file(name)?),
    }
}

fn regular(
    from: &Entry<'_>,
    into: &Dir,
    name: &OsStr,
    attributes: &Attributes,
) -> Result<(), Error> {
    let source = from.dir.open_file(from.name)?;
    let file = into.create_file(name, attributes.mode.unwrap_or(0o600) & 0o777)?;
    let wrote = |source| Error::Write {
        path: Path::new(name).to_owned(),
        source,
    };
    copy_contents(&source, &file).map_err(wrote)?;
    attributes.apply_to(&file).map_err(wrote)?;
    // The kernel drops file capabilities when the owner changes, so they come last.
    if let Some(capability) = rootfs::capability(&source).map_err(wrote)? {
        into.set_xattr_of(name, CAPABILITY, &capability)?;
    }
    Ok(())
}

/// Pipes and devices are made again; a socket becomes an empty file.
fn special(
    kind: FileKind,
    metadata: &Metadata,
    into: &Dir,
    name: &OsStr,
    attributes: &Attributes,
) -> Result<(), Error> {
    let (major, minor) = metadata.rdev;
    let node = match kind {
        FileKind::Char => SpecialNode::Char(major, minor),
        FileKind::Block => SpecialNode::Block(major, minor),
        FileKind::Fifo => SpecialNode::Fifo,
        _ => {
            into.create_file(name, 0o600)?;
            return Ok(into.set_attributes(name, attributes)?);
        }
    };
    into.mknod(name, node, 0o600)?;
    Ok(into.set_attributes(name, attributes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_since_it_was_listed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (from, into) = (folder.path().join("from"), folder.path().join("into"));
        for dir in [&from, &into] {
            std::fs::create_dir(dir).unwrap();
        }
        let (steady, edited) = (OsString::from("steady"), OsString::from("edited"));
        for name in [&steady, &edited] {
            std::fs::write(from.join(name), "old").unwrap();
        }
        let dir = Dir::open(&from).unwrap();
        let list = |name: &OsString| Node {
            name: name.clone(),
            metadata: dir.stat(name).unwrap().unwrap(),
            content: Content::Other,
        };
        let listed = [list(&steady), list(&edited)];
        std::fs::write(from.join("new"), "new").unwrap();
        std::fs::rename(from.join("new"), from.join("edited")).unwrap();
        let target = Target {
            dir: Dir::open(&into).unwrap(),
            path: into.clone(),
            fresh: true,
        };
        let (marks, changed) = (Marks::default(), Changed::default());
        let root = Root::open(&into).unwrap();
        let to = Destination {
            root: &root,
            upper: None,
        };
        let placer = Placer::new(to, &marks, &|| false).watching(&changed);
        placer.contents(&dir, &listed[..1], &target).unwrap();
        assert_eq!(*changed.lock().unwrap(), None);
        placer.contents(&dir, &listed[1..], &target).unwrap();
        assert_eq!(*changed.lock().unwrap(), Some(edited));
    }
}
