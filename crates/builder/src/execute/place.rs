//! Putting files and directories into a root: what of them is kept, and what gives way.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use dockerfile::chmod::Chmod;
use rootfs::{Attributes, Dir, FileKind, Metadata, Node as SpecialNode, copy_contents};

use crate::Error;
use crate::select::{Content, Node};

/// What a copy does to everything that it places.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Owner and group, instead of the source's.
    pub(super) owner: Option<(u32, u32)>,
    /// Permissions, instead of the source's.
    pub(super) chmod: Option<Chmod>,
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

/// Places the files of one source.
pub(super) struct Placer<'a> {
    marks: &'a Marks,
    /// Files with several names that were placed already: the second name becomes a link.
    linked: HashMap<((u32, u32), u64), (Dir, OsString)>,
    stopped: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Placer<'a> {
    pub(super) fn new(marks: &'a Marks, stopped: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self {
            marks,
            linked: HashMap::new(),
            stopped,
        }
    }

    /// Places what is in the directory `from` and listed in `entries` into `into`.
    pub(super) fn contents(
        &mut self,
        from: &Dir,
        entries: &[Node],
        into: &Target,
    ) -> Result<(), Error> {
        for node in entries {
            if (self.stopped)() {
                return Err(Error::Cancelled);
            }
            match &node.content {
                Content::Directory(entries) => {
                    let from = from.open_dir(&node.name)?;
                    self.directory(&from, &node.name, node, entries, into)?;
                }
                _ => self.file(from, &node.name, node, into, &node.name)?,
            }
        }
        Ok(())
    }

    /// Places a directory with what is listed of it.
    pub(super) fn directory(
        &mut self,
        from: &Dir,
        name: &OsStr,
        node: &Node,
        entries: &[Node],
        into: &Target,
    ) -> Result<(), Error> {
        let target = self.enter(name, into)?;
        self.contents(from, entries, &target)?;
        target
            .dir
            .set_own_attributes(&self.marks.attributes(&node.metadata))?;
        Ok(())
    }

    /// Opens the directory that a source directory becomes, making it if it is not there.
    pub(super) fn enter(&self, name: &OsStr, into: &Target) -> Result<Target, Error> {
        let path = into.path.join(name);
        let there = if into.fresh {
            None
        } else {
            into.dir.stat(name)?
        };
        match there {
            None => {
                let dir = into.dir.create_dir(name, 0o755)?;
                Ok(Target {
                    dir,
                    path,
                    fresh: true,
                })
            }
            Some(metadata) if metadata.is_dir() => Ok(Target {
                dir: into.dir.open_dir(name)?,
                path,
                fresh: false,
            }),
            Some(_) => Err(Error::NotADirectory { path }),
        }
    }

    /// Places anything but a directory under a name.
    pub(super) fn file(
        &mut self,
        from: &Dir,
        from_name: &OsStr,
        node: &Node,
        into: &Target,
        name: &OsStr,
    ) -> Result<(), Error> {
        make_room(into, name)?;
        let metadata = &node.metadata;
        let several = metadata.nlink > 1 && metadata.kind == FileKind::File;
        let identity = (metadata.dev, metadata.ino);
        if several && let Some((dir, first)) = self.linked.get(&identity) {
            return Ok(dir.link(first, &into.dir, name)?);
        }
        let attributes = self.marks.attributes(metadata);
        match (metadata.kind, &node.content) {
            (FileKind::File, _) => regular(from, from_name, &into.dir, name, &attributes)?,
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
        if several {
            self.linked
                .insert(identity, (into.dir.try_clone()?, name.to_owned()));
        }
        Ok(())
    }
}

/// Takes away a file that has the name already. A directory stays, and is an error.
pub(super) fn make_room(into: &Target, name: &OsStr) -> Result<(), Error> {
    if into.fresh {
        return Ok(());
    }
    match into.dir.stat(name)? {
        None => Ok(()),
        Some(metadata) if metadata.is_dir() => Err(Error::IsADirectory {
            path: into.path.join(name),
        }),
        Some(_) => Ok(into.dir.remove_file(name)?),
    }
}

fn regular(
    from: &Dir,
    from_name: &OsStr,
    into: &Dir,
    name: &OsStr,
    attributes: &Attributes,
) -> Result<(), Error> {
    let source = from.open_file(from_name)?;
    let file = into.create_file(name, 0o600)?;
    let wrote = |source| Error::Write {
        path: Path::new(name).to_owned(),
        source,
    };
    copy_contents(&source, &file).map_err(wrote)?;
    attributes.apply_to(&file).map_err(wrote)?;
    // The kernel drops file capabilities when the owner changes, so they come last.
    if attributes.mode.is_some_and(|mode| mode & 0o111 != 0)
        && let Some(capability) = from
            .xattrs_of(from_name)?
            .get(OsStr::new("security.capability"))
    {
        into.set_xattr_of(name, "security.capability", capability)?;
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
