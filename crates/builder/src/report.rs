//! What stayed behind and what ships: the bytes that each stage made, and those of them that
//! reached the image.

use oci::Platform;
use store::{SnapshotId, Store};

use crate::schedule::Schedule;
use crate::step::{Filesystem, Operation, Source};
use crate::{Plan, StageImage, StepId};

/// A stage's share in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageReport {
    /// The stage's name, or `stage-N`.
    pub name: String,
    /// The platform that it was built for, if the build has several.
    pub platform: Option<Platform>,
    /// Bytes of the files in all its layers, its base included.
    pub built_bytes: u64,
    /// Bytes of its files in the image: all of the target's, and what that copied from others.
    pub shipped_bytes: u64,
    /// Whether this is the stage that was asked for.
    pub target: bool,
}

/// Reports on the stages that the target needed.
pub(crate) fn report(plan: &Plan, schedule: &Schedule<'_>, store: &Store) -> Vec<StageReport> {
    let size = |id: StepId| {
        let made = schedule.peek(id)?;
        made.stack.last().map(|snapshot| size(snapshot, store))
    };
    let several = plan.targets.len() > 1;
    let mut reports = Vec::new();
    for ((stages, target), result) in plan.each_platform().zip(plan.results()) {
        for (index, stage) in stages.iter().enumerate() {
            let Some(image) = &stage.image else { continue };
            let built_bytes = bytes(image.filesystem, schedule, store);
            let target = index == target;
            let shipped_bytes = if target {
                built_bytes
            } else {
                shipped(plan, result, image.filesystem, &size)
            };
            reports.push(StageReport {
                name: stage.name.clone(),
                platform: several.then(|| stage.target_platform.clone()),
                built_bytes,
                shipped_bytes,
                target,
            });
        }
    }
    reports
}

/// Bytes of the result's layers that were copied from a file system.
fn shipped(
    plan: &Plan,
    result: &StageImage,
    from: Filesystem,
    size: &dyn Fn(StepId) -> Option<u64>,
) -> u64 {
    let copied = result.layers.iter().filter(|id| {
        let operation = &plan.steps[id.0 as usize].operation;
        matches!(operation, Operation::Copy(copy) if copy.source == Source::Filesystem(from))
    });
    copied.filter_map(|&id| size(id)).sum()
}

fn bytes(filesystem: Filesystem, schedule: &Schedule<'_>, store: &Store) -> u64 {
    let made = filesystem
        .and_then(|id| schedule.peek(id))
        .unwrap_or_default();
    made.stack
        .iter()
        .map(|snapshot| size(snapshot, store))
        .sum()
}

/// A snapshot that is not there (the base of a build that was cached whole) counts nothing.
fn size(snapshot: &SnapshotId, store: &Store) -> u64 {
    let snapshot = store.snapshot(snapshot).ok().flatten();
    snapshot
        .and_then(|snapshot| store.snapshot_size(&snapshot).ok())
        .unwrap_or_default()
}
