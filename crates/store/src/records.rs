//! Cache records: what became of a step that was already executed.
//!
//! A record is one small file, `records/<2 hex>/<62 hex>`, so that asking for a key is one `open`. Records are not
//! synced: one that a power cut left empty does not parse and counts as none.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::store::{Durability, open_small, read_open};
use crate::{Error, SnapshotId, Store, hex};

/// A record that was used is marked so at most this often, as with the `relatime` of file systems.
const TOUCH_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// No record is longer than this.
const MAX_RECORD_SIZE: u64 = 1 << 20;

/// What a step made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The snapshot that holds it; none for a step that only knows something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// Whatever the builder wants to find again.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub payload: serde_json::Value,
}

impl Store {
    /// The record of a step's key. One whose snapshot is gone counts as none.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn record(&self, key: &[u8; 32]) -> Result<Option<Record>, Error> {
        let path = self.record_path(key);
        let Some(file) = open_small(&path)? else {
            return Ok(None);
        };
        let bytes = read_open(&file, &path, MAX_RECORD_SIZE)?;
        let Some(record) = bytes.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
        else {
            return Ok(None);
        };
        if let Some(id) = &record.snapshot
            && self.snapshot(id)?.is_none()
        {
            return Ok(None);
        }
        touch(&file);
        Ok(Some(record))
    }

    /// Records what a step made, in place of what was recorded before.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn put_record(&self, key: &[u8; 32], record: &Record) -> Result<(), Error> {
        let path = self.record_path(key);
        let bytes = serde_json::to_vec(record).expect("a record has only string keys");
        match self.write(&path, &bytes, Durability::Cached) {
            // The first one whose key begins so.
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().unwrap_or(&path);
                fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
                self.write(&path, &bytes, Durability::Cached)
            }
            written => written,
        }
    }

    /// Records the same under several keys: as several names of one file, where that can be had.
    ///
    /// # Errors
    /// As [`put_record`](Store::put_record).
    pub fn put_record_as(&self, keys: &[[u8; 32]], record: &Record) -> Result<(), Error> {
        let Some((first, others)) = keys.split_first() else {
            return Ok(());
        };
        self.put_record(first, record)?;
        for key in others {
            // If not, there is an older one, or no directory for it.
            if fs::hard_link(self.record_path(first), self.record_path(key)).is_err() {
                self.put_record(key, record)?;
            }
        }
        Ok(())
    }

    /// Forgets what a step made.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be removed.
    pub fn remove_record(&self, key: &[u8; 32]) -> Result<(), Error> {
        let path = self.record_path(key);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", &path)(e)),
            _ => Ok(()),
        }
    }

    fn record_path(&self, key: &[u8; 32]) -> PathBuf {
        let name = hex::encode(key);
        self.layout().records().join(&name[..2]).join(&name[2..])
    }
}

/// Notes that a record was of use, by its modification time. Failing to costs nothing but its place in the queue
/// when space runs out.
pub(crate) fn touch(file: &File) {
    let now = SystemTime::now();
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let recent =
        modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age < TOUCH_INTERVAL));
    if !recent {
        let _ = file.set_times(FileTimes::new().set_modified(now));
    }
}
