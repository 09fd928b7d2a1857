//! `--cache-mounts-to` and `--cache-mounts-from`: what is in `RUN --mount=type=cache` crosses machines.

mod export;
mod restore;

use oci::Descriptor;
use serde::{Deserialize, Serialize};
use store::CacheMountId;

pub use export::export_cache_mounts;
pub(crate) use restore::MountImporter;

use crate::Plan;
use crate::execute::cache_identity;
use crate::schedule::Schedule;
use crate::step::{MountKind, Operation};

/// The media type of the document, which stands where an image has its configuration.
const MEDIA_TYPE: &str = "application/vnd.carafe.cache-mounts.v1+json";

/// The media type of the list of a mount's files.
const INDEX: &str = "application/vnd.carafe.cache-mount.index.v1+json+zstd";

/// The version that this program reads and writes.
const VERSION: u32 = 1;

/// All cache mounts that a place has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MountsDocument {
    version: u32,
    mounts: Vec<PackedEntry>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PackedEntry {
    /// What makes it the same: [`CacheMountId::name`].
    name: String,
    /// The `id`, for people.
    id: String,
    /// The list of its files.
    index: Descriptor,
    /// The blobs that hold them.
    packs: Vec<Descriptor>,
}

impl MountsDocument {
    fn entry(&self, id: &CacheMountId) -> Option<&PackedEntry> {
        let name = id.name();
        self.mounts.iter().find(|entry| entry.name == name)
    }
}

/// The cache mounts of a plan's steps, each once.
pub(crate) fn mounts_of(plan: &Plan, schedule: &Schedule<'_>) -> Vec<CacheMountId> {
    let mut mounts: Vec<CacheMountId> = Vec::new();
    for step in &plan.steps {
        let Operation::Run(run) = &step.operation else {
            continue;
        };
        let caches = { run.mounts.iter() }.filter(|m| matches!(m.kind, MountKind::Cache { .. }));
        for id in caches.filter_map(|mount| cache_identity(&mount.kind, schedule)) {
            if !mounts.contains(&id) {
                mounts.push(id);
            }
        }
    }
    mounts
}
