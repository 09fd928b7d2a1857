//! The stat cache's file: a header, a checksum, and entries of one size, sorted by inode and device.
//!
//! It is searched as it lies: loading it is reading it. The checksum is there because the file is written without
//! being synced: after a power cut blocks of it may be zeros.

use super::FileStamp;
use crate::hex::sha256;

const MAGIC: &[u8; 16] = b"carafe stat 001\n";
const HEADER: usize = MAGIC.len() + 32;
/// dev, ino, size, two times of 8 + 4 bytes, digest, age; all numbers little-endian.
const ENTRY: usize = 8 + 8 + 8 + 12 + 12 + 32 + 1;

/// One file's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) stamp: FileStamp,
    pub(super) digest: [u8; 32],
    /// Saves since it was last of use.
    pub(super) age: u8,
}

/// The entries of a file that was read.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The whole file, or nothing.
    bytes: Vec<u8>,
}

impl Entries {
    /// Checks a file; `None` if it is not one, or damaged.
    pub(super) fn parse(bytes: Vec<u8>) -> Option<Entries> {
        let entries = bytes.get(HEADER..)?;
        let intact = bytes.starts_with(MAGIC)
            && entries.len() % ENTRY == 0
            && sha256(entries) == bytes[MAGIC.len()..HEADER];
        intact.then_some(Entries { bytes })
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(HEADER) / ENTRY
    }

    /// The index of a file's entry.
    pub(super) fn find(&self, ino: u64, dev: u64) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.key(middle).cmp(&(ino, dev)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    fn key(&self, index: usize) -> (u64, u64) {
        let mut fields = self.fields(index);
        let dev = fields.u64();
        (fields.u64(), dev)
    }

    /// The entry at `index`, which is below [`len`](Entries::len).
    pub(super) fn entry(&self, index: usize) -> Entry {
        let mut fields = self.fields(index);
        let stamp = FileStamp {
            dev: fields.u64(),
            ino: fields.u64(),
            size: fields.u64(),
            mtime: fields.time(),
            ctime: fields.time(),
        };
        Entry {
            stamp,
            digest: fields.take(),
            age: fields.take::<1>()[0],
        }
    }

    fn fields(&self, index: usize) -> Fields<'_> {
        let start = HEADER + index * ENTRY;
        Fields(&self.bytes[start..start + ENTRY])
    }
}

/// An entry's bytes, read from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self
            .0
            .split_first_chunk()
            .expect("an entry has all its fields");
        self.0 = rest;
        *field
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn time(&mut self) -> (i64, u32) {
        (
            i64::from_le_bytes(self.take()),
            u32::from_le_bytes(self.take()),
        )
    }
}

/// A file with these entries, of which no two are for the same inode.
pub(super) fn encode(mut entries: Vec<Entry>) -> Vec<u8> {
    entries.sort_unstable_by_key(|entry| (entry.stamp.ino, entry.stamp.dev));
    let mut bytes = Vec::with_capacity(HEADER + entries.len() * ENTRY);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[0; 32]);
    for entry in &entries {
        append(&mut bytes, entry);
    }
    let sum = sha256(&bytes[HEADER..]);
    bytes[MAGIC.len()..HEADER].copy_from_slice(&sum);
    bytes
}

fn append(bytes: &mut Vec<u8>, entry: &Entry) {
    let stamp = &entry.stamp;
    for number in [stamp.dev, stamp.ino, stamp.size] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for (seconds, nanos) in [stamp.mtime, stamp.ctime] {
        bytes.extend_from_slice(&seconds.to_le_bytes());
        bytes.extend_from_slice(&nanos.to_le_bytes());
    }
    bytes.extend_from_slice(&entry.digest);
    bytes.push(entry.age);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64) -> Entry {
        let stamp = FileStamp {
            dev: 1 + n % 3,
            ino: n / 2,
            size: n * 7,
            mtime: (-(n as i64), 5),
            ctime: (n as i64, 9),
        };
        Entry {
            stamp,
            digest: [n as u8; 32],
            age: n as u8,
        }
    }

    #[test]
    fn round_trip() {
        let all: Vec<Entry> = (0..1000).rev().map(entry).collect();
        let entries = Entries::parse(encode(all.clone())).unwrap();
        assert_eq!(entries.len(), 1000);
        for e in all {
            let index = entries.find(e.stamp.ino, e.stamp.dev).unwrap();
            assert_eq!(entries.entry(index), e);
        }
        assert_eq!(entries.find(5000, 1), None);
        assert_eq!(entries.find(0, 99), None);
    }

    #[test]
    fn damage_of_any_kind_is_seen() {
        let good = encode((0..3).map(entry).collect());
        for length in 0..good.len() {
            assert!(
                Entries::parse(good[..length].to_vec()).is_none(),
                "cut at {length}"
            );
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(Entries::parse(bad).is_none(), "flipped at {at}");
        }
        assert!(Entries::parse([good, vec![0; ENTRY]].concat()).is_none());
        assert_eq!(Entries::parse(encode(Vec::new())).unwrap().len(), 0);
    }
}
