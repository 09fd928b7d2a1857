//! Cache records: what became of a step that was already executed.
//!
//! A record is one small file, `records/<2 hex>/<62 hex>`, so that asking for a key is one `open`. Records are not
//! synced: one that a power cut left empty does not parse and counts as none.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::store::Durability;
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
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", &path)(e)),
        };
        let mut bytes = Vec::with_capacity(512);
        let mut limited = (&mut file).take(MAX_RECORD_SIZE);
        limited
            .read_to_end(&mut bytes)
            .map_err(Error::io("read", &path))?;
        let Ok(record) = serde_json::from_slice::<Record>(&bytes) else {
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
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        let bytes = serde_json::to_vec(record).expect("a record has only string keys");
        self.write(&path, &bytes, Durability::Cached)
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
