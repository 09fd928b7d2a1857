//! What a cache is written as: one document, which a manifest names beside the layers.

use std::io::Read;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oci::compression::{Encoder, decoder};
use oci::{Compression, Descriptor, DiffId};
use serde::{Deserialize, Serialize};
use store::{ImageLayer, SnapshotId};

use crate::key::Key;
use crate::notice::Notice;

/// The media type of the document, which stands where an image has its configuration.
pub(super) const MEDIA_TYPE: &str = "application/vnd.carafe.cache.v1+json+zstd";

/// The member of an image's configuration that holds the records of its own layers.
pub(super) const INLINE: &str = "carafe.cache.v1";

/// No document is longer than this, compressed …
pub(super) const MAX_SIZE: u64 = 32 << 20;

/// … or not: some 500,000 records.
const MAX_PLAIN: u64 = 256 << 20;

/// The version that this program reads and writes.
const VERSION: u32 = 1;

/// The end of the year 9999: no step was executed later.
const LAST: u64 = 253_402_300_799;

/// All that a cache knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Document {
    version: u32,
    /// Each layer once.
    pub(super) layers: Vec<CachedLayer>,
    /// In the order of the steps: the one below comes first.
    pub(super) records: Vec<CachedRecord>,
}

/// A layer that a step made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CachedLayer {
    /// The digest of its tar …
    pub(super) diff_id: DiffId,
    /// … and the blob that holds it.
    pub(super) blob: Descriptor,
}

/// What is known of a step that was executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedRecord {
    /// The step's definition key.
    pub(super) key: Key,
    /// Its content key, where all that it stands on has a name that other machines know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Key>,
    /// What it copied, for whoever makes a content key of that again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<Key>,
    /// Its layer: the place among the document's, or among the image's own.
    pub(super) layer: usize,
    /// The snapshot below it: the record holds on top of that very one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) below: Option<SnapshotId>,
    /// When it was executed, in seconds since 1970.
    pub(super) created: u64,
    /// Whether its files were made by the build and have times of whole seconds all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) coarse: bool,
    /// What there is to tell of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notices: Vec<Notice>,
}

impl Document {
    /// A document of these.
    pub(super) fn new(layers: Vec<CachedLayer>, records: Vec<CachedRecord>) -> Self {
        Self {
            version: VERSION,
            layers,
            records,
        }
    }

    /// As it is stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let plain = serde_json::to_vec(self).expect("it has only plain fields");
        let encoder = Encoder::new(Compression::Zstd, None, Vec::new(), NonZeroUsize::MIN);
        let mut encoder = encoder.expect("zstd has a default level");
        std::io::Write::write_all(&mut encoder, &plain).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    /// Reads what [`Document::to_bytes`] wrote; the reason why it is none.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let (_, plain) = decoder(bytes).map_err(|_| Damage::Compression)?;
        let mut text = Vec::new();
        let read = plain.take(MAX_PLAIN + 1).read_to_end(&mut text);
        let read = read.map_err(|_| Damage::Compression)?;
        if read as u64 > MAX_PLAIN {
            return Err(Damage::Size);
        }
        let document: Self = serde_json::from_slice(&text).map_err(|_| Damage::Json)?;
        document.checked()
    }

    /// Reads the records that stand in an image's configuration.
    pub(super) fn of_image(
        member: &serde_json::Value,
        layers: Vec<CachedLayer>,
    ) -> Result<Self, Damage> {
        let mut document = Self::deserialize(member).map_err(|_| Damage::Json)?;
        document.layers = layers;
        document.checked()
    }

    fn checked(self) -> Result<Self, Damage> {
        if self.version != VERSION {
            return Err(Damage::Version);
        }
        let has_layer = |record: &CachedRecord| record.layer < self.layers.len();
        match self.records.iter().all(has_layer) {
            true => Ok(self),
            false => Err(Damage::Layer),
        }
    }
}

/// Why a document is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    /// It cannot be decompressed.
    #[error("its document cannot be decompressed")]
    Compression,
    /// It is too long.
    #[error("its document is too long")]
    Size,
    /// It is not the JSON that it should be.
    #[error("its document is not one of carafe's")]
    Json,
    /// Another carafe wrote it.
    #[error("its document has another version than this carafe reads")]
    Version,
    /// A record names a layer that is not listed.
    #[error("its document names a layer that it does not list")]
    Layer,
    /// There is something else.
    #[error("what is there is no cache of carafe's")]
    Foreign,
}

impl CachedLayer {
    /// As the store unpacks it.
    pub(super) fn to_unpack(&self) -> ImageLayer {
        ImageLayer {
            diff_id: self.diff_id.clone(),
            blob: self.blob.clone(),
        }
    }
}

impl CachedRecord {
    /// When it was executed.
    pub(super) fn created(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.created.min(LAST))
    }
}

/// A time as a record has it.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use oci::{Digest, MediaType};

    use super::*;

    fn document() -> Document {
        let layer = CachedLayer {
            diff_id: DiffId(Digest::sha256(b"tar")),
            blob: Descriptor::of(MediaType::OciLayerGzip, b"blob"),
        };
        let record = CachedRecord {
            key: Key([7; 32]),
            content: Some(Key([8; 32])),
            files: None,
            layer: 0,
            below: Some("ab".parse().unwrap()),
            created: 5,
            coarse: false,
            notices: Vec::new(),
        };
        Document::new(vec![layer], vec![record])
    }

    fn damaged(change: impl Fn(&mut serde_json::Value)) -> Damage {
        let mut value = serde_json::to_value(document()).unwrap();
        change(&mut value);
        Document::parse(value.to_string().as_bytes()).unwrap_err()
    }

    #[test]
    fn is_read_as_it_was_written() {
        assert_eq!(Document::parse(&document().to_bytes()), Ok(document()));
    }

    #[test]
    fn hostile_documents_are_refused() {
        assert_eq!(
            damaged(|value| value["version"] = 2.into()),
            Damage::Version
        );
        assert_eq!(
            damaged(|value| value["records"][0]["layer"] = 1.into()),
            Damage::Layer
        );
        for (member, bad) in [
            ("key", "00"),
            ("key", "é"),
            ("below", "../../etc"),
            ("layer", "-1"),
        ] {
            let changed = damaged(|value| value["records"][0][member] = bad.into());
            assert_eq!(changed, Damage::Json, "{member} {bad}");
        }
        let whole = document().to_bytes();
        for end in 0..whole.len() {
            assert!(Document::parse(&whole[..end]).is_err(), "{end}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(Document::parse(deep.as_bytes()), Err(Damage::Json));
    }

    #[test]
    fn a_document_that_grows_without_end_is_refused() {
        let zeros = vec![b' '; 64 << 20];
        let encoder = Encoder::new(Compression::Zstd, None, Vec::new(), NonZeroUsize::MIN);
        let mut encoder = encoder.unwrap();
        for _ in 0..5 {
            std::io::Write::write_all(&mut encoder, &zeros).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert_eq!(Document::parse(&bomb), Err(Damage::Size));
    }

    #[test]
    fn no_time_is_too_late() {
        let record = CachedRecord {
            created: u64::MAX,
            ..document().records.remove(0)
        };
        assert_eq!(seconds(record.created()), LAST);
    }
}
