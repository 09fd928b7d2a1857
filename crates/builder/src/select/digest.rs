//! The key of what a `COPY` takes: names, metadata but for times, and contents.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rootfs::{FileKind, Metadata};
use sha2::{Digest as _, Sha256};
use store::{FileStamp, StatCache};

use super::{Content, Node, Selected, Tree};
use crate::Error;
use crate::key::{Key, KeyWriter};
use crate::parallel;
use crate::step::{CopyItem, CopyOperation};

/// How contents are known.
#[derive(Clone, Copy)]
pub(crate) enum Digests<'a> {
    /// Files that were hashed before and have not been touched since are not read again.
    Remembered(&'a StatCache),
    /// Every file is read.
    Read,
}

/// The digests of the regular files among what the items of a copy found.
pub(super) fn contents(
    tree: &Tree,
    items: &[Vec<Selected>],
    digests: Digests<'_>,
) -> Result<Vec<[u8; 32]>, Error> {
    let mut files = Files::default();
    for selected in items.iter().flatten() {
        files.collect(selected);
    }
    files.digests(tree, digests)
}

/// The key of what the items of a copy found, with these contents.
pub(super) fn key(items: &[Vec<Selected>], copy: &CopyOperation, contents: &[[u8; 32]]) -> Key {
    let mut writer = Writer {
        key: KeyWriter::new("files"),
        contents: contents.iter(),
    };
    for (item, found) in copy.items.iter().zip(items) {
        if let CopyItem::Path(_) = item {
            writer.key.number(found.len() as u64);
        }
        for selected in found {
            writer.source(selected, names_matter(copy));
        }
    }
    writer.key.finish()
}

/// A single source that becomes the very path of the destination leaves no name behind.
fn names_matter(copy: &CopyOperation) -> bool {
    copy.destination != crate::step::BOUND_FILES
}

/// The regular files of a selection, in the order of the walk, each with the directory that it is in.
#[derive(Default)]
struct Files<'a> {
    directories: Vec<PathBuf>,
    files: Vec<(usize, &'a OsStr, &'a Metadata)>,
}

/// Reading in pieces of this size neither wastes memory nor calls.
const PIECE: usize = 256 << 10;

/// As many files of a directory are read by one thread, which opens the directory for them.
const RUN: usize = 64;

impl<'a> Files<'a> {
    fn collect(&mut self, selected: &'a Selected) {
        let name = selected.path.file_name().unwrap_or_default();
        let parent = selected.path.parent().unwrap_or(Path::new("/"));
        match &selected.node.content {
            Content::Directory(entries) => self.below(selected.path.clone(), entries),
            _ => {
                self.directories.push(parent.to_owned());
                self.file(self.directories.len() - 1, name, &selected.node);
            }
        }
    }

    fn below(&mut self, directory: PathBuf, entries: &'a [Node]) {
        let own = self.directories.len();
        self.directories.push(directory);
        for entry in entries {
            match &entry.content {
                Content::Directory(inner) => {
                    self.below(self.directories[own].join(&entry.name), inner);
                }
                _ => self.file(own, &entry.name, entry),
            }
        }
    }

    fn file(&mut self, directory: usize, name: &'a OsStr, node: &'a Node) {
        if matches!(node.content, Content::Other) && node.metadata.kind == FileKind::File {
            self.files.push((directory, name, &node.metadata));
        }
    }

    /// The contents' digests. Those that are not known are read by as many threads as there are
    /// processors: hashing is all there is to it.
    fn digests(&self, tree: &Tree, digests: Digests<'_>) -> Result<Vec<[u8; 32]>, Error> {
        let mut known = vec![[0; 32]; self.files.len()];
        let mut unknown = Vec::new();
        for (at, (_, _, metadata)) in self.files.iter().enumerate() {
            match digests.get(metadata) {
                Some(digest) => known[at] = digest,
                None => unknown.push(at),
            }
        }
        let runs = self.runs(&unknown);
        let read = Mutex::new(Vec::with_capacity(unknown.len()));
        parallel::each(
            runs.len(),
            || vec![0; PIECE],
            |buffer, nth| {
                let done = self.read(tree, runs[nth], digests, buffer)?;
                read.lock().expect("no thread panics with it").extend(done);
                Ok::<(), Error>(())
            },
        )?;
        for (at, digest) in read.into_inner().expect("no thread panics with it") {
            known[at] = digest;
        }
        Ok(known)
    }

    /// Files that one thread reads: neighbours in one directory.
    fn runs<'n>(&self, numbers: &'n [usize]) -> Vec<&'n [usize]> {
        let neighbours = numbers.chunk_by(|a, b| self.files[*a].0 == self.files[*b].0);
        neighbours.flat_map(|run| run.chunks(RUN)).collect()
    }

    fn read(
        &self,
        tree: &Tree,
        run: &[usize],
        digests: Digests<'_>,
        buffer: &mut [u8],
    ) -> Result<Vec<(usize, [u8; 32])>, Error> {
        let directory = &self.directories[self.files[run[0]].0];
        let dir = tree.root.open_dir(directory)?;
        let mut read = Vec::with_capacity(run.len());
        for &at in run {
            let (_, name, metadata) = self.files[at];
            let file = dir.open_file(name)?;
            let digest = hash(file, metadata.size, buffer).map_err(|source| Error::Read {
                path: directory.join(name),
                source,
            })?;
            digests.insert(metadata, digest);
            read.push((at, digest));
        }
        Ok(read)
    }
}

/// The digest of a file's content, and of its capabilities if it has any. They are copied as well, and
/// changing them is seen as any change is.
///
/// Where as much was read as the file had when it was listed, that is the end. Whoever makes it longer meanwhile changes
/// it: its stamp is another one then, and copying it will tell. An empty file is read all the same: in `/proc` it is none.
fn hash(mut file: File, size: u64, buffer: &mut [u8]) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut total = 0;
    while total < size || size == 0 {
        let read = file.read(buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        total += read as u64;
    }
    let content = hasher.finalize();
    let Some(capability) = rootfs::capability(&file)? else {
        return Ok(content.into());
    };
    let both = Sha256::new()
        .chain_update(rootfs::CAPABILITY)
        .chain_update(content)
        .chain_update(capability);
    Ok(both.finalize().into())
}

impl Digests<'_> {
    fn get(self, metadata: &Metadata) -> Option<[u8; 32]> {
        match self {
            Self::Remembered(stamps) => stamps.get(&stamp(metadata)),
            Self::Read => None,
        }
    }

    fn insert(self, metadata: &Metadata, digest: [u8; 32]) {
        if let Self::Remembered(stamps) = self {
            stamps.insert(stamp(metadata), digest);
        }
    }
}

fn stamp(metadata: &Metadata) -> FileStamp {
    FileStamp {
        dev: u64::from(metadata.dev.0) << 32 | u64::from(metadata.dev.1),
        ino: metadata.ino,
        size: metadata.size,
        mtime: metadata.mtime,
        ctime: metadata.ctime,
    }
}

struct Writer<'a, I: Iterator<Item = &'a [u8; 32]>> {
    key: KeyWriter,
    contents: I,
}

impl<'a, I: Iterator<Item = &'a [u8; 32]>> Writer<'a, I> {
    /// A source. A directory's own name leaves no trace unless a wildcard found it; that is
    /// BuildKit's rule for what makes a step another one.
    fn source(&mut self, selected: &Selected, names_matter: bool) {
        self.key.number(selected.on_the_way.len() as u64);
        for directory in &selected.on_the_way {
            self.key.bytes(directory.name.as_bytes());
            self.metadata(&directory.metadata);
        }
        let directory = matches!(selected.node.content, Content::Directory(_));
        let named = !directory || selected.by_wildcard || !selected.on_the_way.is_empty();
        let name = if named && names_matter {
            selected.name.as_bytes()
        } else {
            b""
        };
        self.node(name, &selected.node);
    }

    fn node(&mut self, name: &[u8], node: &Node) {
        self.key.bytes(name);
        self.metadata(&node.metadata);
        match &node.content {
            Content::Directory(entries) => {
                self.key.number(entries.len() as u64);
                for entry in entries {
                    self.node(entry.name.as_bytes(), entry);
                }
            }
            Content::Link(target) => self.key.bytes(target.as_bytes()),
            Content::Other if node.metadata.kind == FileKind::File => {
                self.key
                    .bytes(self.contents.next().expect("collected in the same order"));
            }
            Content::Other => {}
        }
    }

    fn metadata(&mut self, metadata: &Metadata) {
        self.key.text(&format!(
            "{:?} {:o} {} {} {:?}",
            metadata.kind, metadata.mode, metadata.uid, metadata.gid, metadata.rdev
        ));
    }
}
