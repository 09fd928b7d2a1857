//! What nothing leads to.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use oci::{Algorithm, Digest};

use super::cache::{list, modified};
use super::needed::Needed;
use super::sweep::{Sweep, Victim};
use crate::blobs::PARTIAL_STALE;
use crate::lease::Lease;
use crate::store::read_small;
use crate::{Error, Layer, SnapshotId, Store};

/// Logs of builds, stat caches and records without a snapshot are kept for so long after they were last of use.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The clock by which files get their times may lag by as much.
const TICK: Duration = Duration::from_secs(1);

/// No layer record is longer.
const MAX_LAYER: u64 = 1 << 20;

impl Store {
    /// Removes what nothing leads to. What that gave back, in bytes.
    pub(super) fn collect_garbage(&self) -> Result<u64, Error> {
        crate::scratch::sweep(&self.layout().tmp())?;
        let partial = self.sweep_partial_blobs(PARTIAL_STALE)?;
        let started = SystemTime::now() - TICK;
        let needed = Needed::find(self)?;
        let mut sweep = Sweep::new(self)?;
        let named = self.sweep_records(&mut sweep)?;
        self.sweep_snapshots(&needed, &named, &mut sweep)?;
        sweep.flush()?;
        let known = self.sweep_layers(&needed, started, &mut sweep)?;
        self.sweep_blobs(&needed, &known, &mut sweep)?;
        for dir in [self.layout().logs(), self.layout().stat_caches()] {
            for path in list(&dir)?.into_iter().filter(|path| is_old(path)) {
                sweep.add(unguarded(path))?;
            }
        }
        Ok(partial + sweep.finish()?)
    }

    /// Records that cannot be read, that lead nowhere, or that nobody asked for in a long time. What the others lead to.
    fn sweep_records(&self, sweep: &mut Sweep<'_>) -> Result<HashSet<SnapshotId>, Error> {
        let snapshots = self.layout().snapshots();
        let mut named = HashSet::new();
        for (record, (path, _)) in self.records()? {
            match record.map(|record| record.snapshot) {
                Some(Some(id)) if snapshots.join(id.as_str()).exists() => {
                    named.insert(self.linked(id));
                }
                Some(None) if !is_old(&path) => {}
                _ => sweep.add(unguarded(path))?,
            }
        }
        Ok(named)
    }

    /// Snapshots that nobody needs or knows.
    fn sweep_snapshots(
        &self,
        needed: &Needed,
        named: &HashSet<SnapshotId>,
        sweep: &mut Sweep<'_>,
    ) -> Result<(), Error> {
        let dir = self.layout().snapshots();
        let mut kept = HashSet::new();
        let mut links = Vec::new();
        for (id, is_link) in self.snapshot_names()? {
            let wanted = needed.snapshots.contains(&id)
                || needed.unpacked.contains(&id)
                || named.contains(&id);
            if is_link {
                links.push(id);
            } else if wanted {
                kept.insert(id);
            } else {
                sweep.add(Victim {
                    path: dir.join(id.as_str()),
                    lease: Some(Lease::Snapshot(id)),
                    references: Vec::new(),
                })?;
            }
        }
        for id in links {
            if !kept.contains(&self.linked(id.clone())) {
                sweep.add(Victim {
                    path: dir.join(id.as_str()),
                    lease: Some(Lease::Snapshot(id)),
                    references: Vec::new(),
                })?;
            }
        }
        Ok(())
    }

    /// What is known of layers that neither an image nor a snapshot has. The blobs that the others have.
    fn sweep_layers(
        &self,
        needed: &Needed,
        started: SystemTime,
        sweep: &mut Sweep<'_>,
    ) -> Result<HashSet<Digest>, Error> {
        let snapshots = self.layout().snapshots();
        let of_images: HashSet<&str> = needed.layers.iter().map(Digest::hex).collect();
        let mut blobs = HashSet::new();
        for (path, layer) in self.layer_files()? {
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            let of_image = of_images.contains(stem);
            let kept = layer.filter(|layer| {
                let top = layer.stack.last();
                let made_here = top.is_some_and(|top| snapshots.join(top.as_str()).exists());
                let in_use = layer
                    .blobs
                    .iter()
                    .any(|blob| needed.blobs.contains(&blob.digest));
                of_image || made_here || in_use
            });
            match kept {
                Some(layer) => blobs.extend(layer.blobs.into_iter().map(|blob| blob.digest)),
                // Somebody may just be about to name it.
                None if modified(&path) >= started => {}
                None => sweep.add(unguarded(path))?,
            }
        }
        Ok(blobs)
    }

    /// Blobs that no image names and no layer is known to have.
    fn sweep_blobs(
        &self,
        needed: &Needed,
        known: &HashSet<Digest>,
        sweep: &mut Sweep<'_>,
    ) -> Result<(), Error> {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for path in list(&self.path().join("blobs").join(algorithm.as_str()))? {
                let hex = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                let Ok(digest) = format!("{algorithm}:{hex}").parse::<Digest>() else {
                    continue;
                };
                if !needed.blobs.contains(&digest) && !known.contains(&digest) {
                    sweep.add(Victim {
                        path,
                        lease: Some(Lease::Blob(digest)),
                        references: Vec::new(),
                    })?;
                }
            }
        }
        Ok(())
    }

    /// All that is known of layers, with the files that say so.
    pub(super) fn layer_files(&self) -> Result<Vec<(PathBuf, Option<Layer>)>, Error> {
        let paths = list(&self.layout().layers())?.into_iter();
        let read = |path: PathBuf| {
            let bytes = read_small(&path, MAX_LAYER)?;
            Ok((
                path,
                bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            ))
        };
        paths.map(read).collect()
    }
}

/// What no process holds on to: it is read whole or not at all.
fn unguarded(path: PathBuf) -> Victim {
    Victim {
        path,
        lease: None,
        references: Vec::new(),
    }
}

fn is_old(path: &Path) -> bool {
    let age = SystemTime::now().duration_since(modified(path));
    age.is_ok_and(|age| age > KEPT)
}
