//! The files that a `COPY` takes from a context, as a list to compare with: one entry a file, in bytes of a fixed
//! order, since there may be very many.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rootfs::{FileKind, Metadata};
use sha2::{Digest as _, Sha256};

use super::{FileChange, FileChangeKind};
use crate::select::{Content, Node, Selection};

/// A file as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    kind: u8,
    mode: u32,
    /// Of the content, or of what a link leads to.
    digest: [u8; 32],
}

/// Kind, mode, digest and the length of the path.
const HEAD: usize = 1 + 4 + 32 + 4;

/// The list of what was selected.
pub(super) fn write(selection: &Selection) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut contents = selection.contents.iter();
    for selected in selection.items.iter().flatten() {
        append(&mut bytes, &selected.path, &selected.node, &mut contents);
    }
    bytes
}

fn append<'a>(
    bytes: &mut Vec<u8>,
    path: &Path,
    node: &Node,
    contents: &mut impl Iterator<Item = &'a [u8; 32]>,
) {
    let digest = match &node.content {
        Content::Link(target) => Sha256::digest(target.as_bytes()).into(),
        Content::Other if node.metadata.kind == FileKind::File => {
            *contents.next().expect("collected in the same order")
        }
        _ => [0; 32],
    };
    let text = path.strip_prefix("/").unwrap_or(path).as_os_str();
    bytes.push(letter(&node.metadata));
    bytes.extend_from_slice(&node.metadata.mode.to_le_bytes());
    bytes.extend_from_slice(&digest);
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    if let Content::Directory(entries) = &node.content {
        for entry in entries {
            append(bytes, &path.join(&entry.name), entry, contents);
        }
    }
}

fn letter(metadata: &Metadata) -> u8 {
    match metadata.kind {
        FileKind::File => b'f',
        FileKind::Directory => b'd',
        FileKind::Symlink => b'l',
        FileKind::Char => b'c',
        FileKind::Block => b'b',
        FileKind::Fifo => b'p',
        FileKind::Socket => b's',
    }
}

fn kind_of(letter: u8) -> &'static str {
    match letter {
        b'f' => "file",
        b'd' => "directory",
        b'l' => "symbolic link",
        b'p' => "pipe",
        b's' => "socket",
        _ => "device",
    }
}

/// The files of a list by their paths; `None` for something that is no list.
pub(super) fn read(mut bytes: &[u8]) -> Option<BTreeMap<Vec<u8>, Listed>> {
    let mut files = BTreeMap::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let (length, _) = head[37..].split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (path, rest) = rest.split_at_checked(length)?;
        let (mode, _) = head[1..].split_first_chunk()?;
        let (digest, _) = head[5..].split_first_chunk()?;
        let listed = Listed {
            kind: head[0],
            mode: u32::from_le_bytes(*mode),
            digest: *digest,
        };
        if !b"fdlcbps".contains(&listed.kind) {
            return None;
        }
        files.insert(path.to_owned(), listed);
        bytes = rest;
    }
    Some(files)
}

/// What changed from one list to another, by path.
pub(super) fn changes(
    before: &BTreeMap<Vec<u8>, Listed>,
    now: &BTreeMap<Vec<u8>, Listed>,
) -> Vec<FileChange> {
    let mut changes = Vec::new();
    let mut note = |path: &[u8], kind| {
        let path = match path {
            b"" => ".".to_owned(),
            path => String::from_utf8_lossy(path).into_owned(),
        };
        changes.push(FileChange { path, kind });
    };
    for (path, file) in now {
        match before.get(path) {
            None => note(path, FileChangeKind::Added),
            Some(old) if old != file => note(path, change(old, file)),
            Some(_) => {}
        }
    }
    for path in before.keys().filter(|path| !now.contains_key(*path)) {
        note(path, FileChangeKind::Removed);
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn change(before: &Listed, now: &Listed) -> FileChangeKind {
    if before.kind != now.kind {
        return FileChangeKind::Kind {
            before: kind_of(before.kind),
            now: kind_of(now.kind),
        };
    }
    FileChangeKind::Changed {
        content: before.digest != now.digest,
        mode: (before.mode != now.mode).then_some((before.mode, now.mode)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(entries: &[(&str, u8, u32, u8)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (path, kind, mode, digest) in entries {
            bytes.push(*kind);
            bytes.extend_from_slice(&mode.to_le_bytes());
            bytes.extend_from_slice(&[*digest; 32]);
            bytes.extend_from_slice(&(path.len() as u32).to_le_bytes());
            bytes.extend_from_slice(path.as_bytes());
        }
        bytes
    }

    #[test]
    fn changes_are_told_by_name_and_by_what_they_are() {
        let before = bytes(&[
            ("", b'd', 0o755, 0),
            ("a", b'f', 0o644, 1),
            ("gone", b'f', 0o644, 1),
            ("link", b'f', 0o644, 1),
            ("run", b'f', 0o644, 1),
        ]);
        let now = bytes(&[
            ("", b'd', 0o755, 0),
            ("a", b'f', 0o644, 2),
            ("b\u{e9}", b'f', 0o644, 2),
            ("link", b'l', 0o777, 1),
            ("run", b'f', 0o755, 1),
        ]);
        let told = changes(&read(&before).unwrap(), &read(&now).unwrap());
        let of = |path: &str, kind| FileChange {
            path: path.to_owned(),
            kind,
        };
        let content = |content, mode| FileChangeKind::Changed { content, mode };
        let kind = FileChangeKind::Kind {
            before: "file",
            now: "symbolic link",
        };
        assert_eq!(
            told,
            [
                of("a", content(true, None)),
                of("b\u{e9}", FileChangeKind::Added),
                of("gone", FileChangeKind::Removed),
                of("link", kind),
                of("run", content(false, Some((0o644, 0o755)))),
            ]
        );
    }

    #[test]
    fn what_a_power_cut_left_is_no_list() {
        let good = bytes(&[("a", b'f', 0o644, 1), ("b", b'f', 0o644, 1)]);
        assert_eq!(read(&good).unwrap().len(), 2);
        for length in (1..good.len()).filter(|length| *length != good.len() / 2) {
            assert_eq!(read(&good[..length]), None, "{length}");
        }
        assert_eq!(read(&vec![0; good.len()]), None);
    }
}
