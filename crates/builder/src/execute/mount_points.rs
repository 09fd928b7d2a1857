//! What is known of the mount points that stacks lack, so that not every step of a chain looks through all its layers.

use std::ffi::OsString;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex};

use rootfs::{Dir, Union};
use store::{Scratch, Snapshot, SnapshotId, Store};

use crate::Error;
use crate::stubs::{self, Stub};

/// So many stacks are remembered, the latest.
const REMEMBERED: usize = 32;

/// The stacks that were looked through.
#[derive(Default)]
pub(super) struct MountPoints {
    known: Mutex<Vec<Known>>,
}

/// A stack that was looked through.
struct Known {
    stack: Vec<SnapshotId>,
    needed: Vec<Stub>,
    layer: StubLayer,
}

/// The layer with the mount points that a stack lacks; none if it has all. Nobody writes to it: several steps may
/// stand on it, also at once.
pub(super) type StubLayer = Option<Arc<Scratch>>;

impl MountPoints {
    /// The stub layer for a stack, the bottom one first.
    pub(super) fn layer(
        &self,
        store: &Store,
        stack: &[Snapshot],
        needed: Vec<Stub>,
    ) -> Result<StubLayer, Error> {
        let ids: Vec<SnapshotId> = stack.iter().map(|snapshot| snapshot.id().clone()).collect();
        if let Some((depth, layer)) = self.find(&ids, &needed)
            && leave_alone(&stack[depth..], &needed)?
        {
            self.remember(ids, needed, &layer);
            return Ok(layer);
        }
        let union = store.union(stack)?;
        if stubs::complete(&union, &needed)? {
            self.remember_if_plain(&union, ids, needed, &None)?;
            return Ok(None);
        }
        let scratch = store.scratch()?;
        stubs::make(&union, &needed, scratch.path())?;
        let layer = Some(Arc::new(scratch));
        self.remember_if_plain(&union, ids, needed, &layer)?;
        Ok(layer)
    }

    /// The highest part of a stack that is known, by its number of layers.
    fn find(&self, ids: &[SnapshotId], needed: &[Stub]) -> Option<(usize, StubLayer)> {
        let known = self.known.lock().expect("no thread panics with it");
        let below = known
            .iter()
            .filter(|known| ids.starts_with(&known.stack) && known.needed == needed);
        let highest = below.max_by_key(|known| known.stack.len())?;
        Some((highest.stack.len(), highest.layer.clone()))
    }

    /// Remembers what was found out, unless links lead elsewhere on the way: then it may change with any directory.
    fn remember_if_plain(
        &self,
        union: &Union,
        ids: Vec<SnapshotId>,
        needed: Vec<Stub>,
        layer: &StubLayer,
    ) -> Result<(), Error> {
        if stubs::are_plain(union, &needed)? {
            self.remember(ids, needed, layer);
        }
        Ok(())
    }

    fn remember(&self, stack: Vec<SnapshotId>, needed: Vec<Stub>, layer: &StubLayer) {
        let mut known = self.known.lock().expect("no thread panics with it");
        if known.len() == REMEMBERED {
            known.remove(0);
        }
        known.push(Known {
            stack,
            needed,
            layer: layer.clone(),
        });
    }
}

/// Whether layers change nothing on the way to the mount points: they lack all the directories at the top that those
/// lie in.
fn leave_alone(layers: &[Snapshot], needed: &[Stub]) -> Result<bool, Error> {
    let tops: Vec<OsString> = needed
        .iter()
        .filter_map(|stub| top_of(&stub.path))
        .collect();
    for layer in layers {
        let names = Dir::open(layer.dir())?.entries()?;
        if names.iter().any(|entry| tops.contains(&entry.name)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first name of an absolute path.
fn top_of(path: &Path) -> Option<OsString> {
    path.components().find_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        _ => None,
    })
}
