//! Reading a layer into the ledger: image-spec, layer.md, "Applying Changesets".

use std::io::{self, Read};

use oci::tar::{self, Entry};
use oci::{Algorithm, Hasher};

use super::account::{Fate, File};
use super::paths::{Kind, LINKS_AT_MOST, NodeId, ROOT, components};
use super::{FileId, Layer, Ledger};

/// Content is read so much at a time.
const BUFFER: usize = 256 * 1024;

/// Of a file so much is read: more can only be the holes of a sparse one, which no layer stores.
const LOGICAL_AT_MOST: u64 = 1 << 36;

/// Of one file, and of all, so much content is kept.
const KEPT_OF_ONE_AT_MOST: u64 = 32 << 20;
const KEPT_AT_MOST: u64 = 256 << 20;

/// And of a layer so many: an honest one has next to none, since its tar names what it changes by its real path.
const FOLLOWED_AT_MOST: u32 = 200_000;

/// Names are not longer (`NAME_MAX` is 255), and paths have not more of them (`PATH_MAX` is 4096 bytes), in any file system.
const NAME_AT_MOST: usize = 4096;
const TARGET_AT_MOST: usize = 4096;
const DEPTH_AT_MOST: usize = 2048;

/// Takes the place of a deleted name: `.wh.NAME`.
const WHITEOUT: &[u8] = b".wh.";

/// Deletes all that the layers below have in its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What AUFS used for itself: it means nothing.
const AUFS: &[u8] = b".wh..wh.";

/// Whether what the file at a path holds is to be kept.
type IsWanted = fn(&[u8]) -> bool;

/// A layer being read.
struct Reading<'l> {
    ledger: &'l mut Ledger,
    is_wanted: Option<IsWanted>,
    number: u16,
    layer: Layer,
    /// What it deleted: files whose names it has itself were rewritten.
    deleted: Vec<(NodeId, FileId)>,
    /// How many links were followed.
    followed: u32,
    buffer: Vec<u8>,
}

pub(super) fn read(
    ledger: &mut Ledger,
    layer: impl Read,
    is_wanted: Option<IsWanted>,
) -> Result<(), tar::Error> {
    let number = u16::try_from(ledger.layers.len()).unwrap_or(u16::MAX);
    // What was taken out of the buffer is counted, not what was put into it.
    let mut archive = tar::Reader::new(Counting::new(io::BufReader::with_capacity(BUFFER, layer)));
    let mut reading = Reading {
        ledger,
        is_wanted,
        number,
        layer: Layer::default(),
        deleted: Vec::new(),
        followed: 0,
        buffer: vec![0; BUFFER],
    };
    while let Some(entry) = archive.next_entry()? {
        reading.entry(&entry, &mut archive)?;
    }
    let mut rest = archive.into_inner();
    let failed = |offset| move |source| tar::Error::Read { offset, source };
    io::copy(&mut rest, &mut io::sink()).map_err(failed(rest.count))?;
    reading.layer.tar = rest.count;
    reading.finish();
    Ok(())
}

impl Reading<'_> {
    fn entry(
        &mut self,
        entry: &Entry,
        archive: &mut tar::Reader<Counting<impl Read>>,
    ) -> Result<(), tar::Error> {
        self.layer.entries += 1;
        let (directory, name) = split(&entry.path);
        // What is at no path that a container has is framing, content and all.
        if name.is_empty() || !is_possible(&entry.path) || self.ledger.paths.is_full() {
            return Ok(());
        }
        let directory = self.directory(directory);
        if name.starts_with(WHITEOUT) {
            self.layer.whiteouts += 1;
            self.whiteout(directory, name);
            return Ok(());
        }
        let node = self.ledger.paths.child(directory, name);
        match &entry.kind {
            tar::Kind::File => return self.file(node, entry, archive),
            tar::Kind::Hardlink(target) => self.hard_link(node, target),
            tar::Kind::Directory => self.put(node, Kind::Directory),
            tar::Kind::Symlink(target) => {
                self.put(node, Kind::Link);
                if target.len() <= TARGET_AT_MOST {
                    self.ledger.paths.set_target(node, target.clone());
                }
            }
            _ => self.put(node, Kind::Other),
        }
        Ok(())
    }

    fn file(
        &mut self,
        node: NodeId,
        entry: &Entry,
        archive: &mut tar::Reader<Counting<impl Read>>,
    ) -> Result<(), tar::Error> {
        let start = archive.get_ref().count;
        let mut kept = self.is_kept(node, entry.size).then(Vec::new);
        let content = self.content(archive, start, kept.as_mut())?;
        // Of a sparse file only what the tar stores.
        let size = archive.get_ref().count - start;
        let file = File {
            layer: self.number,
            size,
            fate: Fate::Kept,
            mode: u16::try_from(entry.mode & 0o7777).unwrap_or(0),
            uid: entry.uid,
            gid: entry.gid,
            content,
            node,
            names: 1,
        };
        self.layer.content += size;
        let layer = self.number;
        let before = self
            .ledger
            .paths
            .file(node)
            .map(|id| &self.ledger.files[id as usize]);
        let fate = match before {
            Some(before) => Fate::Rewritten {
                layer,
                change: before.change_to(&file),
            },
            None => Fate::Deleted { layer },
        };
        self.clear(node, fate);
        let id = u32::try_from(self.ledger.files.len()).unwrap_or(u32::MAX - 1);
        self.ledger.files.push(file);
        self.ledger.paths.set(node, Kind::File, layer, Some(id));
        if let Some(kept) = kept {
            self.ledger.held += kept.len();
            self.ledger.contents.insert(id, kept);
        }
        Ok(())
    }

    /// Whether what a file holds is to be kept, and there is room for it.
    fn is_kept(&self, node: NodeId, size: u64) -> bool {
        let held = self.ledger.held as u64;
        let fits = size <= KEPT_OF_ONE_AT_MOST && held.saturating_add(size) <= KEPT_AT_MOST;
        let is_wanted = |wanted: IsWanted| wanted(&self.ledger.paths.path(node));
        fits && self.is_wanted.is_some_and(is_wanted)
    }

    /// Reads content: half of its SHA-256.
    fn content(
        &mut self,
        content: &mut impl Read,
        offset: u64,
        mut kept: Option<&mut Vec<u8>>,
    ) -> Result<u128, tar::Error> {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut content = content.take(LOGICAL_AT_MOST);
        loop {
            let read = content.read(&mut self.buffer);
            let count = read.map_err(|source| tar::Error::Read { offset, source })?;
            if count == 0 {
                break;
            }
            hasher.update(&self.buffer[..count]);
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(&self.buffer[..count]);
            }
        }
        let digest = hasher.finish();
        let half = digest.hex().get(..32);
        Ok(half
            .and_then(|half| u128::from_str_radix(half, 16).ok())
            .unwrap_or(0))
    }

    /// A further name of a file. One that leads nowhere is a name without a file.
    fn hard_link(&mut self, node: NodeId, target: &[u8]) {
        let (directory, name) = split(target);
        let directory = self.directory(directory);
        let target = self.ledger.paths.child(directory, name);
        let file = self.ledger.paths.file(target);
        if target == node {
            return;
        }
        // It has the new name before the old ones may go.
        if let Some(id) = file {
            let file = &mut self.ledger.files[id as usize];
            file.names = file.names.saturating_add(1);
        }
        self.clear(node, Fate::Deleted { layer: self.number });
        self.ledger.paths.set(node, Kind::File, self.number, file);
    }

    /// Puts what has no content at a path. A directory on a directory leaves what is in it.
    fn put(&mut self, node: NodeId, kind: Kind) {
        let stays = kind == Kind::Directory && self.ledger.paths.kind(node) == Kind::Directory;
        if !stays {
            self.clear(node, Fate::Deleted { layer: self.number });
        }
        self.ledger.paths.set(node, kind, self.number, None);
    }

    /// What is at a path gives way, with all that is below it.
    fn clear(&mut self, node: NodeId, fate: Fate) {
        if self.ledger.paths.kind(node) == Kind::Directory {
            self.delete_below(node, self.number.saturating_add(1));
        }
        self.ledger.unlink(node, fate);
    }

    /// Deletes what the layers under one have below a directory, what is deepest first.
    fn delete_below(&mut self, directory: NodeId, layer: u16) {
        let mut nodes: Vec<NodeId> = self.ledger.paths.children(directory).collect();
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            nodes.extend(self.ledger.paths.children(*node));
            at += 1;
        }
        for node in nodes.into_iter().rev() {
            if self.ledger.paths.layer(node) < layer {
                self.delete(node);
            }
        }
    }

    /// A directory that its layer has something in stays, as the layer's own.
    fn delete(&mut self, node: NodeId) {
        let layer = self.number;
        if self.ledger.paths.has_below(node) {
            return self.ledger.paths.set(node, Kind::Directory, layer, None);
        }
        let file = self.ledger.unlink(node, Fate::Deleted { layer });
        self.deleted.extend(file.map(|file| (node, file)));
    }

    fn whiteout(&mut self, directory: NodeId, name: &[u8]) {
        if name == OPAQUE {
            return self.delete_below(directory, self.number);
        }
        let hidden = &name[WHITEOUT.len()..];
        if name.starts_with(AUFS) || matches!(hidden, b"" | b"." | b"..") {
            return;
        }
        let node = self.ledger.paths.child(directory, hidden);
        self.delete_below(node, self.number);
        if self.ledger.paths.layer(node) < self.number {
            self.delete(node);
        }
    }

    /// The directory of a path, links on the way followed as a container would. What no layer has is there from now on.
    fn directory(&mut self, path: &[u8]) -> NodeId {
        let mut rest: Vec<Vec<u8>> = components(path).rev().map(<[u8]>::to_vec).collect();
        let (mut at, mut links) = (ROOT, 0);
        while let Some(name) = rest.pop() {
            if name == b".." {
                at = if at == ROOT {
                    ROOT
                } else {
                    self.ledger.paths.parent(at)
                };
                continue;
            }
            let next = self.ledger.paths.child(at, &name);
            let target = match self.ledger.paths.kind(next) {
                Kind::Link if links < LINKS_AT_MOST && self.followed < FOLLOWED_AT_MOST => {
                    self.ledger.paths.target(next)
                }
                _ => None,
            };
            if let Some(target) = target {
                links += 1;
                self.followed += 1;
                at = if target.starts_with(b"/") { ROOT } else { at };
                rest.extend(components(target).rev().map(<[u8]>::to_vec));
                continue;
            }
            if self.ledger.paths.kind(next) != Kind::Directory {
                self.put(next, Kind::Directory);
            }
            at = next;
        }
        at
    }

    fn finish(self) {
        let layer = self.number;
        // A name that a whiteout deletes and the layer has again is a file that was rewritten.
        for (node, old) in self.deleted {
            let new = self
                .ledger
                .paths
                .file(node)
                .map(|id| &self.ledger.files[id as usize]);
            let Some(new) = new.filter(|new| new.layer == layer) else {
                continue;
            };
            let change = self.ledger.files[old as usize].change_to(new);
            self.ledger.files[old as usize].fate = Fate::Rewritten { layer, change };
        }
        self.ledger.layers.push(self.layer);
    }
}

/// Whether a file system could have a path.
fn is_possible(path: &[u8]) -> bool {
    let depth = components(path).take(DEPTH_AT_MOST + 1).count();
    depth <= DEPTH_AT_MOST && components(path).all(|name| name.len() <= NAME_AT_MOST)
}

/// The directory and the name of a path. The name is empty if the path is that of the root.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let end = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |last| last + 1);
    let path = &path[..end];
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], name(&path[slash + 1..])),
        None => (b"", name(path)),
    }
}

fn name(name: &[u8]) -> &[u8] {
    if matches!(name, b"." | b"..") {
        b""
    } else {
        name
    }
}

/// A stream whose bytes are counted.
struct Counting<R> {
    inner: R,
    count: u64,
}

impl<R> Counting<R> {
    fn new(inner: R) -> Self {
        Self { inner, count: 0 }
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}
