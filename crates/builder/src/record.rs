//! What the cache remembers of a step.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use store::{SnapshotId, Store};

use crate::key::Key;
use crate::notice::Notice;
use crate::schedule::Made;
use crate::step::Step;

/// What a step made when it was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The snapshot that it left.
    pub(crate) snapshot: SnapshotId,
    /// The snapshot that was right below: the record holds only on top of that very one. A step
    /// below that was executed again may have come out otherwise.
    pub(crate) below: Option<SnapshotId>,
    /// When it was executed.
    pub(crate) created: SystemTime,
    /// What there is to tell of it.
    pub(crate) notices: Vec<Notice>,
    /// What it copied, as its content key has it.
    pub(crate) files: Option<Key>,
    /// The cache of another machine that it is from; not kept.
    pub(crate) from: Option<Arc<str>>,
}

/// A record as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<String>,
    created: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notices: Vec<Notice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<Key>,
}

impl Record {
    /// The record of a key. What cannot be read is a miss.
    pub(crate) fn read(store: &Store, key: Key) -> Option<Self> {
        let record = store.record(&key.0).ok()??;
        let payload: Payload = serde_json::from_value(record.payload).ok()?;
        let below = match payload.below {
            Some(below) => Some(below.parse().ok()?),
            None => None,
        };
        let created = UNIX_EPOCH + Duration::from_secs(payload.created);
        Some(Self {
            snapshot: record.snapshot?,
            below,
            created,
            notices: payload.notices,
            files: payload.files,
            from: None,
        })
    }

    /// Keeps the record under its keys.
    pub(crate) fn write(&self, store: &Store, keys: &[Key]) -> Result<(), store::Error> {
        let since = self.created.duration_since(UNIX_EPOCH).unwrap_or_default();
        let payload = Payload {
            below: self.below.as_ref().map(ToString::to_string),
            created: since.as_secs(),
            notices: self.notices.clone(),
            files: self.files,
        };
        let payload = serde_json::to_value(payload).expect("it has only plain fields");
        let record = store::Record {
            snapshot: Some(self.snapshot.clone()),
            payload,
        };
        let keys: Vec<[u8; 32]> = keys.iter().map(|key| key.0).collect();
        store.put_record_as(&keys, &record)
    }

    /// Whether the record holds on top of `below`. A layer made with `--link` holds on anything.
    pub(crate) fn fits(&self, below: &Made, step: &Step) -> bool {
        step.is_linked() || self.below.as_ref() == below.stack.last()
    }
}
