//! Content digests of a build context's files, kept by what `stat(2)` says of them.
//!
//! An unchanged file is not read again. As in git's index, an entry is only kept for a file that was already old
//! when it was looked at: one changed within the clock's granularity of its own timestamp could change again unseen.

mod file;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::store::{Durability, read_small};
use crate::{Error, Store, hex};
use file::{Entries, Entry};

/// How old a file must be for its timestamps to be trusted, in seconds: FAT's granularity, the coarsest there is.
const TOO_YOUNG: i64 = 2;

/// An entry that was of no use for so many saves is dropped.
const MAX_AGE: u8 = 16;

/// A cache larger than this (about 3 million files) is not read.
const MAX_FILE_SIZE: u64 = 256 << 20;

/// What identifies a version of a file's content, from its `stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// The device.
    pub dev: u64,
    /// The inode.
    pub ino: u64,
    /// The size in bytes.
    pub size: u64,
    /// Last change of the content, in seconds and nanoseconds.
    pub mtime: (i64, u32),
    /// Last change of the inode, in seconds and nanoseconds: no program can set it.
    pub ctime: (i64, u32),
}

/// The content digests of one build context. All methods may be called from several threads.
#[derive(Debug)]
pub struct StatCache {
    path: PathBuf,
    /// When it was opened, which is before any of this build's files were looked at.
    opened: i64,
    loaded: Entries,
    used: Vec<AtomicBool>,
    fresh: Mutex<HashMap<(u64, u64), Entry>>,
}

impl Store {
    /// The stat cache of the build context at `context` (an absolute path). One that is missing or damaged is empty.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn stat_cache(&self, context: &Path) -> Result<StatCache, Error> {
        let name = hex::encode(&hex::sha256(context.as_os_str().as_encoded_bytes()));
        let path = self.layout().stat_caches().join(name);
        let opened = now();
        let loaded = read_small(&path, MAX_FILE_SIZE)?
            .and_then(Entries::parse)
            .unwrap_or_default();
        let used = (0..loaded.len()).map(|_| AtomicBool::new(false)).collect();
        Ok(StatCache {
            path,
            opened,
            loaded,
            used,
            fresh: Mutex::default(),
        })
    }

    /// Saves what `cache` has learnt. Of two processes saving at once the last one wins, which costs a few files
    /// read again.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save_stat_cache(&self, cache: &StatCache) -> Result<(), Error> {
        match cache.merged() {
            Some(bytes) => self.write(&cache.path, &bytes, Durability::Cached),
            None => Ok(()),
        }
    }
}

impl StatCache {
    /// The digest of the file with this stamp, if it was recorded.
    #[must_use]
    pub fn get(&self, stamp: &FileStamp) -> Option<[u8; 32]> {
        if let Some(entry) = self.fresh().get(&(stamp.ino, stamp.dev)) {
            return (entry.stamp == *stamp).then_some(entry.digest);
        }
        let index = self.loaded.find(stamp.ino, stamp.dev)?;
        let entry = self.loaded.entry(index);
        if entry.stamp != *stamp {
            return None;
        }
        self.used[index].store(true, Ordering::Relaxed);
        Some(entry.digest)
    }

    /// Records the digest of a file whose stamp was taken before it was read. A file too young to trust is not
    /// recorded.
    pub fn insert(&self, stamp: FileStamp, digest: [u8; 32]) {
        if stamp.mtime.0.max(stamp.ctime.0) > self.opened - TOO_YOUNG {
            return;
        }
        self.fresh().insert(
            (stamp.ino, stamp.dev),
            Entry {
                stamp,
                digest,
                age: 0,
            },
        );
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u64), Entry>> {
        self.fresh
            .lock()
            .expect("no code that holds the lock panics")
    }

    /// The file's new content; `None` if there is nothing new.
    fn merged(&self) -> Option<Vec<u8>> {
        let fresh = self.fresh();
        if fresh.is_empty() {
            return None;
        }
        let mut entries: Vec<Entry> = fresh.values().copied().collect();
        for (index, used) in self.used.iter().enumerate() {
            let mut entry = self.loaded.entry(index);
            entry.age = if used.load(Ordering::Relaxed) {
                0
            } else {
                entry.age.saturating_add(1)
            };
            if entry.age < MAX_AGE && !fresh.contains_key(&(entry.stamp.ino, entry.stamp.dev)) {
                entries.push(entry);
            }
        }
        Some(file::encode(entries))
    }
}

/// Seconds since 1970; a clock before that trusts nothing.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
