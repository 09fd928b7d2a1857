//! How much a snapshot holds.

use std::collections::HashSet;

use rootfs::{Dir, FileKind};

use crate::{Error, Snapshot, SnapshotMeta, Store};

impl Store {
    /// The bytes of a snapshot's regular files, files with several names once. Counted when first asked for, and
    /// kept.
    ///
    /// # Errors
    /// [`Error::Root`] if the snapshot cannot be read; [`Error::Io`].
    pub fn snapshot_size(&self, snapshot: &Snapshot) -> Result<u64, Error> {
        let meta = snapshot.meta()?;
        if let Some(size) = meta.size {
            return Ok(size);
        }
        let count = |dir| count(&dir, &mut HashSet::new());
        let size = Dir::open(snapshot.dir())
            .and_then(count)
            .map_err(|source| Error::Root { source })?;
        self.set_snapshot_meta(
            snapshot,
            &SnapshotMeta {
                size: Some(size),
                ..meta
            },
        )?;
        Ok(size)
    }
}

fn count(dir: &Dir, linked: &mut HashSet<u64>) -> Result<u64, rootfs::Error> {
    let mut bytes = 0;
    for entry in dir.entries()? {
        let Some(metadata) = dir.stat(&entry.name)? else {
            continue;
        };
        bytes += match metadata.kind {
            FileKind::Directory => count(&dir.open_dir(&entry.name)?, linked)?,
            FileKind::File if metadata.nlink < 2 || linked.insert(metadata.ino) => metadata.size,
            _ => 0,
        };
    }
    Ok(bytes)
}
