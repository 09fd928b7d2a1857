//! The key of what a `COPY` takes: names, metadata but for times, and contents.

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
        files.collect(&selected.path, &selected.node);
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

/// The regular files of a selection, in the order of the walk.
#[derive(Default)]
struct Files(Vec<(PathBuf, Metadata)>);

/// Reading in pieces of this size neither wastes memory nor calls.
const PIECE: usize = 256 << 10;

impl Files {
    fn collect(&mut self, path: &Path, node: &Node) {
        match &node.content {
            Content::Directory(entries) => {
                for entry in entries {
                    self.collect(&path.join(&entry.name), entry);
                }
            }
            Content::Other if node.metadata.kind == FileKind::File => {
                self.0.push((path.to_owned(), node.metadata.clone()));
            }
            _ => {}
        }
    }

    /// The contents' digests. Those that are not known are read by as many threads as there are
    /// processors: hashing is all there is to it.
    fn digests(&self, tree: &Tree, digests: Digests<'_>) -> Result<Vec<[u8; 32]>, Error> {
        let mut known = vec![[0; 32]; self.0.len()];
        let mut unknown = Vec::new();
        for (at, (_, metadata)) in self.0.iter().enumerate() {
            match digests.get(metadata) {
                Some(digest) => known[at] = digest,
                None => unknown.push(at),
            }
        }
        let read = Mutex::new(Vec::with_capacity(unknown.len()));
        parallel::each(
            unknown.len(),
            || vec![0; PIECE],
            |buffer, nth| -> Result<(), Error> {
                let (path, metadata) = &self.0[unknown[nth]];
                let file = tree.root.open_file(path)?;
                let digest = hash(file, buffer).map_err(|source| Error::Read {
                    path: path.to_owned(),
                    source,
                })?;
                digests.insert(metadata, digest);
                let mut read = read.lock().expect("no thread panics with it");
                read.push((unknown[nth], digest));
                Ok(())
            },
        )?;
        for (at, digest) in read.into_inner().expect("no thread panics with it") {
            known[at] = digest;
        }
        Ok(known)
    }
}

/// The digest of a file's content, and of its capabilities if it has any. They are copied as well, and
/// changing them is seen as any change is.
fn hash(mut file: File, buffer: &mut [u8]) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    loop {
        let read = file.read(buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
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
