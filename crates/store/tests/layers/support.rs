//! Archives made in memory, and trees and archives as lines of text.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use oci::tar::{Entry, Kind, Reader, Time, Writer};
use rootfs::{Dir, FileKind, Root};
use store::{Changes, Draft, Snapshot, SnapshotId, SnapshotMeta, Store, apply, write_layer};
use tempfile::TempDir;

/// A store of its own.
pub(crate) fn store() -> (TempDir, Store) {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::open(temp.path().join("store")).unwrap();
    (temp, store)
}

pub(crate) fn file(path: &str, mode: u32, content: &str) -> (Entry, Vec<u8>) {
    let mut entry = Entry::new(path, Kind::File, mode);
    entry.size = content.len() as u64;
    entry.mtime = Time::seconds(1_000_000_000);
    (entry, content.into())
}

pub(crate) fn other(path: &str, mode: u32, kind: Kind) -> (Entry, Vec<u8>) {
    let mut entry = Entry::new(path, kind, mode);
    entry.mtime = Time::seconds(1_000_000_000);
    (entry, Vec::new())
}

pub(crate) fn dir(path: &str, mode: u32) -> (Entry, Vec<u8>) {
    other(path, mode, Kind::Directory)
}

pub(crate) fn symlink(path: &str, target: &str) -> (Entry, Vec<u8>) {
    other(path, 0o777, Kind::Symlink(target.into()))
}

pub(crate) fn hard_link(path: &str, target: &str) -> (Entry, Vec<u8>) {
    other(path, 0o644, Kind::Hardlink(target.into()))
}

pub(crate) fn archive(entries: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (entry, content) in entries {
        writer.append(entry, &mut content.as_slice()).unwrap();
    }
    writer.finish().unwrap()
}

/// Unpacks a layer on top of a stack.
pub(crate) fn unpack(store: &Store, stack: &[Snapshot], tar: &[u8]) -> Snapshot {
    let draft = store.draft().unwrap();
    let mut applied = apply(tar, &draft.dir()).unwrap();
    applied
        .settle(&draft.dir(), &store.union(stack).unwrap())
        .unwrap();
    commit(draft)
}

pub(crate) fn commit(draft: Draft) -> Snapshot {
    draft
        .commit(&SnapshotId::random(), &SnapshotMeta::default())
        .unwrap()
}

/// Does something in the mounted stack, as a step would, and makes a snapshot of what it changed.
pub(crate) fn step(store: &Store, stack: &[Snapshot], act: impl FnOnce(&Path)) -> Snapshot {
    let draft = store.draft().unwrap();
    let root = store.mount(stack, Some(&draft), None).unwrap();
    act(&path_of(&root));
    drop(root);
    commit(draft)
}

/// The host's way into a detached mount.
pub(crate) fn path_of(root: &Root) -> PathBuf {
    format!("/proc/self/fd/{}", root.fd().as_raw_fd()).into()
}

pub(crate) fn layer_of(store: &Store, stack: &[Snapshot]) -> Vec<u8> {
    let (top, below) = stack.split_last().unwrap();
    let upper = Dir::open(top.dir()).unwrap();
    write_layer(
        Changes::new(&store.union(below).unwrap(), upper).unwrap(),
        Vec::new(),
    )
    .unwrap()
    .0
}

/// An archive's entries: `reg 644 d/f`.
pub(crate) fn listing(tar: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(tar);
    let mut lines = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        let text = |target: &[u8]| String::from_utf8_lossy(target).into_owned();
        let (kind, rest) = match &entry.kind {
            Kind::File => ("reg", path),
            Kind::Directory => ("dir", format!("{path}/")),
            Kind::Symlink(target) => ("sym", format!("{path} -> {}", text(target))),
            Kind::Hardlink(target) => ("hard", format!("{path} -> {}", text(target))),
            Kind::Char { .. } => ("chr", path),
            Kind::Block { .. } => ("blk", path),
            Kind::Fifo => ("fifo", path),
        };
        lines.push(format!("{kind} {:o} {rest}", entry.mode));
    }
    lines
}

/// What a stack looks like when it is mounted.
pub(crate) fn tree(store: &Store, stack: &[Snapshot]) -> Vec<String> {
    let root = store.mount(stack, None, None).unwrap();
    tree_of(&root.open_dir("/").unwrap())
}

/// A directory and all that is in it, with everything that a layer carries.
pub(crate) fn tree_of(top: &Dir) -> Vec<String> {
    let mut lines = Vec::new();
    let mut links = Vec::new();
    describe(top, Path::new(""), &mut lines, &mut links);
    lines
}

fn describe(dir: &Dir, at: &Path, lines: &mut Vec<String>, links: &mut Vec<(u64, PathBuf)>) {
    for entry in dir.entries().unwrap() {
        let path = at.join(&entry.name);
        let found = dir.stat(&entry.name).unwrap();
        // A whiteout that hides nothing would be listed like this by the kernel.
        let found = found.unwrap_or_else(|| panic!("{} is listed, but not there", path.display()));
        let what = match found.kind {
            FileKind::File => {
                let mut content = Vec::new();
                dir.open_file(&entry.name)
                    .unwrap()
                    .read_to_end(&mut content)
                    .unwrap();
                format!(
                    "{:?}",
                    String::from_utf8_lossy(&content[..content.len().min(40)])
                )
            }
            FileKind::Symlink => dir
                .read_link(&entry.name)
                .unwrap()
                .to_string_lossy()
                .into_owned(),
            FileKind::Char | FileKind::Block => format!("{:?}", found.rdev),
            _ => String::new(),
        };
        let first = links
            .iter()
            .find(|(ino, _)| *ino == found.ino)
            .map(|(_, path)| path.clone());
        if first.is_none() && !found.is_dir() {
            links.push((found.ino, path.clone()));
        }
        let xattrs: Vec<_> = dir
            .xattrs_of(&entry.name)
            .unwrap()
            .into_iter()
            .filter(|(name, _)| !name.as_bytes().starts_with(b"user.overlay."))
            .collect();
        lines.push(format!(
            "{} {:?} {:o} {}:{} {} {what} {xattrs:?} {}",
            path.display(),
            found.kind,
            found.mode,
            found.uid,
            found.gid,
            if found.is_dir() { 0 } else { found.mtime.0 },
            first.map_or(String::new(), |path| format!("= {}", path.display())),
        ));
        if found.is_dir() {
            describe(&dir.open_dir(&entry.name).unwrap(), &path, lines, links);
        }
    }
}
