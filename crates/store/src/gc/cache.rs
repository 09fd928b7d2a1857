//! The entries of the cache.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use oci::Digest;

use super::needed::Needed;
use crate::usage::Meter;
use crate::{CacheMountId, Error, Record, SnapshotId, Store};

/// Something that saves work and can be had again.
#[derive(Debug, Clone)]
pub struct CacheEntry {
    /// Its name: digits.
    pub id: String,
    /// What it is.
    pub kind: CacheKind,
    /// What people call it: a cache mount's `id`. Any text at all.
    pub label: Option<String>,
    /// When it was last of use, to the hour.
    pub last_used: SystemTime,
    /// Whether an image has it too, so that removing the entry gives nothing back.
    pub shared: bool,
    /// Whether a living process or a container has it.
    pub in_use: bool,
    /// Bytes on the disk that no entry before it in a listing has counted; 0 where nobody measured.
    pub size: u64,
    /// What removing the entry means.
    pub(super) parts: Parts,
}

/// What an entry of the cache is. The words are BuildKit's where it has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheKind {
    /// What a step made.
    Regular,
    /// An image's layer, unpacked, whose blob is here as well.
    Unpacked,
    /// A compressed copy of a layer that was built here.
    Compressed,
    /// A directory of `RUN --mount=type=cache`.
    CacheMount,
    /// A git repository.
    Git,
}

impl CacheKind {
    /// All of them.
    pub const ALL: [CacheKind; 5] = [
        CacheKind::Regular,
        CacheKind::Unpacked,
        CacheKind::Compressed,
        CacheKind::CacheMount,
        CacheKind::Git,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            CacheKind::Regular => "regular",
            CacheKind::Unpacked => "unpacked",
            CacheKind::Compressed => "compressed",
            CacheKind::CacheMount => "exec.cachemount",
            CacheKind::Git => "source.git.checkout",
        }
    }
}

/// What makes an entry up.
#[derive(Debug, Clone)]
pub(super) enum Parts {
    /// Records, and the snapshot that they lead to.
    Snapshot(SnapshotId, Vec<PathBuf>),
    Blob(Digest),
    /// A directory that is locked by whoever uses it.
    Locked(PathBuf),
}

/// A record's file, and when it was last of use.
type RecordFile = (PathBuf, SystemTime);

impl Store {
    /// The entries of the cache, those that were not used for the longest time first, with what they take on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn cache_entries(&self) -> Result<Vec<CacheEntry>, Error> {
        let needed = Needed::find(self)?;
        let mut entries = self.find_cache(&needed)?;
        let mut meter = Meter::default();
        for entry in &mut entries {
            entry.size = self.measure_entry(entry, &mut meter);
        }
        Ok(entries)
    }

    /// The same, not measured.
    pub(super) fn find_cache(&self, needed: &Needed) -> Result<Vec<CacheEntry>, Error> {
        let mut entries = self.cached_snapshots(needed)?;
        entries.extend(self.compressed_layers(needed)?);
        entries.extend(self.locked_directories()?);
        entries.sort_by(|a, b| (a.last_used, &a.id).cmp(&(b.last_used, &b.id)));
        Ok(entries)
    }

    pub(crate) fn measure_entry(&self, entry: &CacheEntry, meter: &mut Meter) -> u64 {
        match &entry.parts {
            Parts::Snapshot(id, _) => meter.add(&self.layout().snapshots().join(id.as_str())),
            Parts::Blob(digest) => meter.add(&self.blob_path(digest)),
            Parts::Locked(path) => meter.add(path),
        }
    }

    /// Snapshots that records lead to, and unpacked layers.
    fn cached_snapshots(&self, needed: &Needed) -> Result<Vec<CacheEntry>, Error> {
        let mut records: HashMap<SnapshotId, Vec<RecordFile>> = HashMap::new();
        for (record, file) in self.records()? {
            if let Some(id) = record.and_then(|record| record.snapshot) {
                records.entry(self.linked(id)).or_default().push(file);
            }
        }
        let mut entries = Vec::new();
        for (id, is_link) in self.snapshot_names()? {
            if is_link {
                continue;
            }
            let named = records.remove(&id);
            let unpacked = needed.unpacked.contains(&id);
            if named.is_none() && !unpacked {
                continue;
            }
            let kind = match named {
                Some(_) => CacheKind::Regular,
                None => CacheKind::Unpacked,
            };
            let files = named.unwrap_or_default();
            let used = files.iter().map(|(_, used)| *used);
            let census = self.layout().snapshots().join(id.as_str()).join("census");
            entries.push(CacheEntry {
                id: id.to_string(),
                kind,
                label: None,
                last_used: used
                    .chain([modified(&census)])
                    .max()
                    .unwrap_or(SystemTime::UNIX_EPOCH),
                shared: needed.snapshots.contains(&id),
                in_use: needed.snapshots.contains(&id),
                size: 0,
                parts: Parts::Snapshot(id, files.into_iter().map(|(path, _)| path).collect()),
            });
        }
        Ok(entries)
    }

    /// Blobs that layers are known to have and that no image names.
    fn compressed_layers(&self, needed: &Needed) -> Result<Vec<CacheEntry>, Error> {
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        for (_, layer) in self.layer_files()? {
            for blob in layer.iter().flat_map(|layer| &layer.blobs) {
                let path = self.blob_path(&blob.digest);
                let mine = !needed.blobs.contains(&blob.digest) && seen.insert(blob.digest.clone());
                if mine && path.exists() {
                    entries.push(CacheEntry {
                        id: blob.digest.hex().to_owned(),
                        kind: CacheKind::Compressed,
                        label: None,
                        last_used: modified(&path),
                        shared: false,
                        in_use: false,
                        size: 0,
                        parts: Parts::Blob(blob.digest.clone()),
                    });
                }
            }
        }
        Ok(entries)
    }

    /// Cache mounts and git repositories.
    fn locked_directories(&self) -> Result<Vec<CacheEntry>, Error> {
        let mut entries = Vec::new();
        for family in list(&self.layout().cache_mounts())? {
            for instance in list(&family)? {
                let label = read_label(&instance);
                entries.push(locked(&instance, CacheKind::CacheMount, &family, label));
            }
        }
        for repository in list(&self.layout().repositories())? {
            entries.push(locked(&repository, CacheKind::Git, &repository, None));
        }
        Ok(entries)
    }

    /// All records, those that cannot be read as `None`.
    pub(super) fn records(&self) -> Result<Vec<(Option<Record>, RecordFile)>, Error> {
        let mut records = Vec::new();
        for shelf in list(&self.layout().records())? {
            for path in list(&shelf)? {
                let bytes = fs::read(&path).unwrap_or_default();
                let record = serde_json::from_slice(&bytes).ok();
                let used = modified(&path);
                records.push((record, (path, used)));
            }
        }
        Ok(records)
    }

    /// The names of all snapshots, and whether they are links.
    pub(super) fn snapshot_names(&self) -> Result<Vec<(SnapshotId, bool)>, Error> {
        let mut names = Vec::new();
        for path in list(&self.layout().snapshots())? {
            let id = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            names.extend(id.map(|id: SnapshotId| (id, path.is_symlink())));
        }
        Ok(names)
    }
}

fn locked(path: &Path, kind: CacheKind, named: &Path, label: Option<String>) -> CacheEntry {
    let id = named
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    CacheEntry {
        id,
        kind,
        label,
        last_used: last_change(path),
        shared: false,
        in_use: false,
        size: 0,
        parts: Parts::Locked(path.to_owned()),
    }
}

/// When somebody last had the directory's lock is noted in its own time; what is in it may be older or younger.
fn last_change(path: &Path) -> SystemTime {
    let inside = ["data", "FETCH_HEAD", "HEAD"].map(|name| modified(&path.join(name)));
    inside.into_iter().fold(modified(path), SystemTime::max)
}

fn read_label(instance: &Path) -> Option<String> {
    let bytes = fs::read(instance.join("id.json")).ok()?;
    let id: CacheMountId = serde_json::from_slice(&bytes).ok()?;
    Some(id.id)
}

/// The time of a file; the beginning of time for one that is gone.
pub(super) fn modified(path: &Path) -> SystemTime {
    let metadata = fs::symlink_metadata(path);
    metadata
        .and_then(|metadata| metadata.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// What is in a directory; nothing if there is none.
pub(super) fn list(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("list", dir))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths
        .collect::<Result<_, _>>()
        .map_err(Error::io("list", dir))
}
