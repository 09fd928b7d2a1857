//! What a packed cache mount holds, and in which pack each of its files is.

use std::collections::HashMap;
use std::io::Read;
use std::num::NonZeroUsize;

use oci::compression::{Encoder, decoder};
use oci::tar::{Entry, Kind, Time};
use oci::{Compression, Descriptor};
use serde::{Deserialize, Serialize};

/// No index is longer, when it is not compressed: some two million files.
const MAX_INDEX: u64 = 256 << 20;

/// The version that this program reads and writes.
const VERSION: u32 = 1;

/// The files of a cache mount, and the packs that hold them. A file whose size, time, owner and mode are what they were
/// is not packed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountIndex {
    version: u32,
    /// The packs, to be unpacked in this order.
    pub(super) packs: Vec<MountPack>,
    /// The files, a directory before what is in it.
    pub(super) files: Vec<MountFile>,
}

/// A layer with files of a cache mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MountPack {
    /// What holds it.
    pub(super) blob: Descriptor,
    /// The bytes of its files …
    pub(super) bytes: u64,
    /// … and those of them that are still what the mount has.
    pub(super) live: u64,
}

/// A file, as far as a change of it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MountFile {
    /// Its path, as [`escaped`] writes it.
    pub(super) path: String,
    /// What it is: `d` for a directory, then what a link leads to, and so on.
    pub(super) kind: String,
    pub(super) mode: u32,
    pub(super) owner: (u64, u64),
    pub(super) mtime: (i64, u32),
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) size: u64,
    /// The place of its pack.
    pub(super) pack: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(size: &u64) -> bool {
    *size == 0
}

/// Marks a directory.
pub(super) const DIRECTORY: &str = "d";

impl MountIndex {
    pub(super) fn new(packs: Vec<MountPack>, files: Vec<MountFile>) -> Self {
        Self {
            version: VERSION,
            packs,
            files,
        }
    }

    /// The blobs that hold the files.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.packs.iter().map(|pack| &pack.blob)
    }

    /// How many files there are, directories and links among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// As it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let plain = serde_json::to_vec(self).expect("it has only plain fields");
        let encoder = Encoder::new(Compression::Zstd, None, Vec::new(), NonZeroUsize::MIN);
        let mut encoder = encoder.expect("zstd has a default level");
        std::io::Write::write_all(&mut encoder, &plain).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    /// Reads what [`MountIndex::to_bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (_, plain) = decoder(bytes).ok()?;
        let mut text = Vec::new();
        let read = plain.take(MAX_INDEX + 1).read_to_end(&mut text).ok()?;
        if read as u64 > MAX_INDEX {
            return None;
        }
        let index: Self = serde_json::from_slice(&text).ok()?;
        let in_a_pack = |file: &MountFile| file.pack < index.packs.len();
        (index.version == VERSION && index.files.iter().all(in_a_pack)).then_some(index)
    }

    /// Its files by their paths.
    pub(super) fn by_path(&self) -> HashMap<&str, &MountFile> {
        let files = self.files.iter();
        files.map(|file| (file.path.as_str(), file)).collect()
    }
}

impl MountFile {
    /// A file that is in this pack.
    pub(super) fn of(entry: &Entry, pack: usize) -> Self {
        let kind = match &entry.kind {
            Kind::File => "f".to_owned(),
            Kind::Directory => DIRECTORY.to_owned(),
            Kind::Symlink(target) => format!("l{}", escaped(target)),
            Kind::Hardlink(first) => format!("h{}", escaped(first)),
            Kind::Char { major, minor } => format!("c{major}:{minor}"),
            Kind::Block { major, minor } => format!("b{major}:{minor}"),
            Kind::Fifo => "p".to_owned(),
        };
        let Time { seconds, nanos } = entry.mtime;
        Self {
            path: escaped(&entry.path),
            kind,
            mode: entry.mode,
            owner: (entry.uid, entry.gid),
            mtime: (seconds, nanos),
            size: entry.size,
            pack,
        }
    }

    /// Whether it is what it was, wherever it is packed.
    pub(super) fn is_as(&self, before: &Self) -> bool {
        let pack = self.pack;
        *self
            == Self {
                pack,
                ..before.clone()
            }
    }
}

/// A path as text: what is not UTF-8, and the percent sign, are written as `%ff`.
pub(super) fn escaped(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

/// The path that [`escaped`] wrote.
pub(super) fn unescaped(text: &str) -> Vec<u8> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        path.extend_from_slice(&rest.as_bytes()[..at]);
        let digits = rest.get(at + 1..at + 3);
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                path.push(byte);
                rest = &rest[at + 3..];
            }
            None => {
                path.push(b'%');
                rest = &rest[at + 1..];
            }
        }
    }
    path.extend_from_slice(rest.as_bytes());
    path
}

#[cfg(test)]
mod tests {
    use super::{escaped, unescaped};

    #[test]
    fn paths_are_kept() {
        for path in [
            &b"a/b"[..],
            b"100%/%25",
            b"\xff\xfe/\xc3\xa4",
            "ä%".as_bytes(),
        ] {
            let text = escaped(path);
            assert_eq!(unescaped(&text), path, "{text}");
        }
        assert_eq!(unescaped("%"), b"%");
        assert_eq!(unescaped("%zé"), "%zé".as_bytes());
    }
}
