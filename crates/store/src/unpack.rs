//! Unpacking the entries of an archive into a root: what layers and `ADD` have in common.
//!
//! Names are resolved inside the root, so links, `..` and absolute names lead nowhere else. The last name of an entry
//! is never followed: what is in its place is replaced.

mod fill;
mod parents;
mod path;
mod xattrs;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oci::tar::{Entry, Kind};
use rootfs::{Attributes, Dir, Error as RootError, FollowLast, Node, Root, Time};

pub(crate) use path::clean;

use crate::layer_error::{LayerError, root};
use fill::{Fillers, Made, SMALL, content_error};
use parents::Parents;

/// What is read and written at a time.
const CHUNK: usize = 256 * 1024;

/// Unpacks entries one by one.
pub(crate) struct Unpacker {
    root: Root,
    rules: Rules,
    parents: Parents,
    /// Directories' times, set at the end: every name made in a directory changes its time.
    times: BTreeMap<PathBuf, Time>,
    /// Directories that no entry described (yet).
    implied: BTreeSet<PathBuf>,
    buffer: Vec<u8>,
    fillers: Fillers,
    size: u64,
    count: u64,
    skipped: Vec<PathBuf>,
}

/// What differs between layers and `ADD`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Who owns all entries, whatever the archive says.
    pub(crate) owner: Option<(u32, u32)>,
    /// Whether a file capability that cannot be set is an error.
    pub(crate) capabilities: Capabilities,
    /// Whether what a hard link's entry says of owner and mode holds for the file.
    pub(crate) relabel_links: bool,
}

/// What to do about a file capability that the kernel refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capabilities {
    /// Without it the file is not what the layer says.
    Required,
    /// Go on without, as Docker does when it unpacks an archive.
    BestEffort,
}

/// Where an entry goes.
pub(crate) struct Place {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
    /// From the root; links on the way to it are not resolved.
    pub(crate) path: PathBuf,
}

/// Whether an entry could be unpacked at once.
pub(crate) enum Unpacked {
    /// It is there.
    Done,
    /// A hard link whose target is not there: the path that it leads to.
    Dangling(PathBuf),
}

/// What came of it.
pub(crate) struct Summary {
    /// Directories that no entry described, with links resolved; parents come first.
    pub(crate) implied: BTreeSet<PathBuf>,
    /// The bytes of all regular files.
    pub(crate) size: u64,
    /// The number of entries.
    pub(crate) count: u64,
    /// Devices that may not be made here.
    pub(crate) skipped: Vec<PathBuf>,
}

impl Unpacker {
    pub(crate) fn new(root: Root, rules: Rules) -> Result<Unpacker, LayerError> {
        Ok(Unpacker {
            parents: Parents::new(&root)?,
            root,
            rules,
            times: BTreeMap::new(),
            implied: BTreeSet::new(),
            buffer: vec![0; CHUNK],
            fillers: Fillers::default(),
            size: 0,
            count: 0,
            skipped: Vec::new(),
        })
    }

    /// Where an entry with this (cleaned) path goes. The directories on the way are made.
    pub(crate) fn place(&mut self, path: PathBuf) -> Result<Place, LayerError> {
        let name = path.file_name().unwrap_or_default().to_owned();
        let parent = path.parent().unwrap_or(Path::new(""));
        let dir = self.parents.get(&self.root, parent, &mut self.implied)?;
        Ok(Place { dir, name, path })
    }

    /// Unpacks one entry; `content` is a regular file's.
    pub(crate) fn unpack(
        &mut self,
        entry: &Entry,
        place: &Place,
        content: &mut dyn Read,
    ) -> Result<Unpacked, LayerError> {
        self.count += 1;
        match &entry.kind {
            Kind::File => self.file(entry, place, content)?,
            Kind::Directory => self.directory(entry, place)?,
            Kind::Symlink(target) => self.symlink(entry, place, target)?,
            Kind::Hardlink(target) => return self.hard_link(entry, place, target),
            Kind::Char { major, minor } => self.node(entry, place, Node::Char(*major, *minor))?,
            Kind::Block { major, minor } => self.node(entry, place, Node::Block(*major, *minor))?,
            Kind::Fifo => self.node(entry, place, Node::Fifo)?,
        }
        Ok(Unpacked::Done)
    }

    /// Sets what could not be set before.
    pub(crate) fn finish(mut self) -> Result<Summary, LayerError> {
        self.fillers.finish()?;
        // Nobody said when these were made, and a layer must come out the same tomorrow.
        for path in &self.implied {
            let path = path.strip_prefix("/").unwrap_or(path);
            self.times.entry(path.to_owned()).or_insert((0, 0));
        }
        for (path, time) in std::mem::take(&mut self.times) {
            let (parent, name) = (path.parent().unwrap_or(Path::new("")), path.file_name());
            let Some(name) = name else { continue };
            // What was replaced since is not a directory any more, and has a time of its own.
            let Some(dir) = self.parents.find(&self.root, parent)? else {
                continue;
            };
            if dir
                .stat(name)
                .map_err(root("unpack"))?
                .is_some_and(|found| found.is_dir())
            {
                dir.set_times(name, time).map_err(root("unpack"))?;
            }
        }
        Ok(Summary {
            implied: self.implied,
            size: self.size,
            count: self.count,
            skipped: self.skipped,
        })
    }

    fn file(
        &mut self,
        entry: &Entry,
        place: &Place,
        content: &mut dyn Read,
    ) -> Result<(), LayerError> {
        let attributes = self.attributes(entry, place)?;
        let mut made = Made {
            file: self.put(place, |dir, name| dir.create_file(name, entry.mode))?,
            path: place.path.clone(),
            attributes,
            xattrs: entry.xattrs.clone(),
            capabilities: self.rules.capabilities,
        };
        if entry.size <= SMALL {
            let mut bytes = Vec::with_capacity(entry.size as usize);
            content
                .read_to_end(&mut bytes)
                .map_err(|source| content_error(&place.path, source))?;
            self.size += bytes.len() as u64;
            return self.fillers.fill(made, bytes);
        }
        self.size += copy(content, &mut made.file, &mut self.buffer)
            .map_err(|source| content_error(&place.path, source))?;
        made.label()
    }

    fn directory(&mut self, entry: &Entry, place: &Place) -> Result<(), LayerError> {
        let attributes = self.attributes(entry, place)?;
        let dir = match place.dir.create_dir(&place.name, entry.mode) {
            Err(e) if exists(&e) => self.directory_over(entry, place)?,
            made => made.map_err(root("unpack"))?,
        };
        let now = Attributes {
            mtime: None,
            ..attributes
        };
        dir.set_own_attributes(&now)
            .map_err(|e| owner_error(place, &attributes, e))?;
        xattrs::set_on_dir(&dir, entry);
        self.times
            .insert(place.path.clone(), (entry.mtime.seconds, entry.mtime.nanos));
        Ok(())
    }

    /// A directory whose name is taken: another directory stays, anything else has to go.
    fn directory_over(&mut self, entry: &Entry, place: &Place) -> Result<Dir, LayerError> {
        let there = place.dir.stat(&place.name).map_err(root("unpack"))?;
        if there.as_ref().is_some_and(rootfs::Metadata::is_dir) {
            if !self.implied.is_empty() {
                let found = self.root.resolve(&place.path, FollowLast::No);
                self.implied.remove(&found.map_err(root("unpack"))?);
            }
            return place.dir.open_dir(&place.name).map_err(root("unpack"));
        }
        self.displace(place)?;
        let dir = place
            .dir
            .create_dir(&place.name, entry.mode)
            .map_err(root("unpack"))?;
        if there.is_some_and(|there| there.is_whiteout()) {
            // What the layers below have here was deleted before this one was made.
            dir.set_opaque().map_err(root("unpack"))?;
        }
        Ok(dir)
    }

    fn symlink(&mut self, entry: &Entry, place: &Place, target: &[u8]) -> Result<(), LayerError> {
        let attributes = self.attributes(entry, place)?;
        self.put(place, |dir, name| {
            dir.symlink(name, OsStr::from_bytes(target))
        })?;
        place
            .dir
            .set_attributes(&place.name, &attributes)
            .map_err(|e| owner_error(place, &attributes, e))
    }

    fn node(&mut self, entry: &Entry, place: &Place, node: Node) -> Result<(), LayerError> {
        let attributes = self.attributes(entry, place)?;
        match self.put(place, |dir, name| dir.mknod(name, node, entry.mode)) {
            // In a user namespace nobody may make devices. Docker and Podman go on without them, too.
            Err(LayerError::Root { source, .. })
                if node != Node::Fifo
                    && source.io_kind() == Some(io::ErrorKind::PermissionDenied) =>
            {
                self.skipped.push(place.path.clone());
                return Ok(());
            }
            made => made?,
        }
        place
            .dir
            .set_attributes(&place.name, &attributes)
            .map_err(|e| owner_error(place, &attributes, e))
    }

    fn hard_link(
        &mut self,
        entry: &Entry,
        place: &Place,
        target: &[u8],
    ) -> Result<Unpacked, LayerError> {
        let Some(target) = clean(target)? else {
            let reason = "it is a hard link to the root directory";
            return Err(LayerError::Entry {
                path: place.path.clone(),
                reason,
            });
        };
        let parent = target.parent().unwrap_or(Path::new(""));
        let name = target.file_name().unwrap_or_default();
        let Some(from) = self.parents.find(&self.root, parent)? else {
            return Ok(Unpacked::Dangling(target));
        };
        match from.stat(name).map_err(root("unpack"))? {
            None => return Ok(Unpacked::Dangling(target)),
            Some(found) if found.is_dir() => {
                let reason = "it is a hard link to a directory";
                return Err(LayerError::Entry {
                    path: place.path.clone(),
                    reason,
                });
            }
            Some(found) if found.is_whiteout() => {
                return Err(LayerError::LinkTarget {
                    path: place.path.clone(),
                    target,
                });
            }
            Some(found) => {
                let there = place.dir.stat(&place.name).map_err(root("unpack"))?;
                if there.is_some_and(|there| (there.dev, there.ino) == (found.dev, found.ino)) {
                    return Ok(Unpacked::Done);
                }
            }
        }
        self.put(place, |dir, new| from.link(name, dir, new))?;
        if self.rules.relabel_links {
            self.relabel(entry, place)?;
        }
        Ok(Unpacked::Done)
    }

    /// A hard link's entry may say something else of the file than the file's own: for `ADD` the later one holds.
    /// Where they agree nothing is touched, for a change of owner would take the file's capabilities.
    fn relabel(&mut self, entry: &Entry, place: &Place) -> Result<(), LayerError> {
        self.fillers.finish()?;
        let attributes = self.attributes(entry, place)?;
        let Some(found) = place.dir.stat(&place.name).map_err(root("unpack"))? else {
            return Ok(());
        };
        let is_link = found.kind == rootfs::FileKind::Symlink;
        let same_mode = is_link || found.mode == entry.mode;
        if same_mode && attributes.owner == Some((found.uid, found.gid)) {
            return Ok(());
        }
        place
            .dir
            .set_attributes(&place.name, &attributes)
            .map_err(|e| owner_error(place, &attributes, e))
    }

    /// Makes something at a place. Nearly always the name is free, so that is tried first.
    fn put<T>(
        &mut self,
        place: &Place,
        make: impl Fn(&Dir, &OsStr) -> Result<T, RootError>,
    ) -> Result<T, LayerError> {
        match make(&place.dir, &place.name) {
            Err(e) if exists(&e) => {
                self.displace(place)?;
                make(&place.dir, &place.name).map_err(root("unpack"))
            }
            made => made.map_err(root("unpack")),
        }
    }

    /// Removes what is in an entry's place.
    fn displace(&mut self, place: &Place) -> Result<(), LayerError> {
        // A directory or a link may have been on the way to others.
        self.parents.forget();
        let gone = Path::new("/").join(&place.path);
        self.implied.retain(|path| !path.starts_with(&gone));
        place.dir.remove_tree(&place.name).map_err(root("unpack"))
    }

    fn attributes(&self, entry: &Entry, place: &Place) -> Result<Attributes, LayerError> {
        let id = |id: u64| u32::try_from(id).ok().filter(|id| *id != u32::MAX);
        let owner = match (self.rules.owner, id(entry.uid), id(entry.gid)) {
            (Some(owner), _, _) => owner,
            (None, Some(uid), Some(gid)) => (uid, gid),
            _ => {
                let reason = "its owner is not a number that Linux has";
                return Err(LayerError::Entry {
                    path: place.path.clone(),
                    reason,
                });
            }
        };
        Ok(Attributes {
            mode: Some(entry.mode),
            owner: Some(owner),
            mtime: Some((entry.mtime.seconds, entry.mtime.nanos)),
        })
    }
}

/// Copies content. What is zero becomes a hole, so that the lengths that a sparse archive claims cost no disk.
fn copy(content: &mut dyn Read, file: &mut File, buffer: &mut [u8]) -> io::Result<u64> {
    static ZEROS: [u8; CHUNK] = [0; CHUNK];
    let (mut at, mut written) = (0, 0);
    loop {
        let length = match content.read(buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let chunk = &buffer[..length];
        if *chunk != ZEROS[..length] {
            if written != at {
                file.seek(SeekFrom::Start(at))?;
            }
            file.write_all(chunk)?;
            written = at + length as u64;
        }
        at += length as u64;
    }
    if written != at {
        file.set_len(at)?;
    }
    Ok(at)
}

/// The names of the directories of a path.
pub(crate) fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|component| match component {
        std::path::Component::Normal(name) => Some(name),
        _ => None,
    })
}

fn exists(error: &RootError) -> bool {
    error.io_kind() == Some(io::ErrorKind::AlreadyExists)
}

fn attribute_error(path: &Path, attributes: &Attributes, source: io::Error) -> LayerError {
    let path = path.to_owned();
    match attributes.owner {
        // The time and the mode are valid, so it is the owner that the kernel does not like.
        Some((uid, gid)) if source.kind() == io::ErrorKind::InvalidInput => LayerError::Owner {
            path,
            uid,
            gid,
            source,
        },
        _ => LayerError::Content { path, source },
    }
}

fn owner_error(place: &Place, attributes: &Attributes, error: RootError) -> LayerError {
    match error {
        RootError::Io { source, .. } if source.kind() == io::ErrorKind::InvalidInput => {
            attribute_error(&place.path, attributes, source)
        }
        other => root("unpack")(other),
    }
}
