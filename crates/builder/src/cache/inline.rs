//! `--cache-to type=inline`: what is known of an image's own layers, in its configuration.

use oci::{DiffId, ImageConfig};
use store::{SnapshotId, Timestamps};

use super::document::{CachedRecord, Document, INLINE, seconds};
use crate::plan::StageImage;
use crate::schedule::{Made, Schedule};
use crate::{Environment, Error};

/// Notes the records of the steps that made an image's own layers, which have these diff IDs. Steps above one that has no
/// record, or whose layer is another one by itself, are left out, as is everything in an image with other times.
pub(crate) fn note_in(
    config: &mut ImageConfig,
    (image, made): (&StageImage, &Made),
    (schedule, environment): (&Schedule<'_>, &Environment<'_>),
) -> Result<(), Error> {
    let first = config.rootfs.diff_ids.len() - image.layers.len();
    let mut stack: Vec<SnapshotId> = image
        .base
        .iter()
        .flat_map(|base| base.snapshots())
        .collect();
    let mut records = Vec::new();
    for (at, id) in image.layers.iter().enumerate() {
        let diff_id = &config.rootfs.diff_ids[first + at];
        let linked = schedule.is_linked(*id);
        let own = &made.stack[if linked { first + at } else { 0 }..=first + at];
        let sealed = environment.store.seal(own, Timestamps::Kept)?;
        let (Some(key), Some(record)) = (schedule.known_key(*id), schedule.record_of(*id)) else {
            break;
        };
        if sealed.diff_id != *diff_id {
            break;
        }
        records.push(CachedRecord {
            key,
            content: None,
            files: record.files,
            layer: first + at,
            below: stack.last().cloned(),
            created: seconds(record.created),
            coarse: schedule.has_coarse_times(&record),
            notices: record.notices,
        });
        stack.push(name(&stack, diff_id, linked));
    }
    let document = Document::new(Vec::new(), records);
    let document = serde_json::to_value(document).expect("it has only plain fields");
    config.extra.insert(INLINE.to_owned(), document);
    Ok(())
}

fn name(below: &[SnapshotId], diff_id: &DiffId, linked: bool) -> SnapshotId {
    SnapshotId::of_layer_on(if linked { &[] } else { below }, diff_id)
}
