//! Layers to an image: diff IDs, config, history, manifest.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use oci::{Descriptor, DiffId, History, ImageConfig, Manifest, MediaType, timestamp};
use store::{Image, SnapshotId, Timestamps};

use crate::key::KeyWriter;
use crate::parallel;
use crate::plan::StageImage;
use crate::schedule::{Made, Schedule};
use crate::times::Stamps;
use crate::{Environment, Error, cache};

/// What BuildKit writes into the history of what it builds; tools look for it.
const COMMENT: &str = "buildkit.dockerfile.v0";

/// A layer with its place in a manifest and in a config.
struct Layer {
    diff_id: DiffId,
    descriptor: Descriptor,
}

/// Makes the image of a stage whose layers were made, and stores it.
///
/// The layers made here stand in the manifest as plain tars, which are not stored: the store makes
/// them again from their snapshots. Only what leaves the store is compressed.
pub(crate) fn assemble(
    image: &StageImage,
    made: &Made,
    stamps: &Stamps,
    schedule: &Schedule<'_>,
    environment: &Environment<'_>,
) -> Result<Image, Error> {
    let store = environment.store;
    let own = own_layers(image, made, stamps.files, schedule, environment)?;
    let mut config = image.config.clone();
    config
        .rootfs
        .diff_ids
        .extend(own.iter().map(|layer| layer.diff_id.clone()));
    write_history(&mut config, image, schedule, store)?;
    if let Some(created) = &stamps.created {
        set_created(&mut config, image, created);
    }
    if schedule.has_inline_cache() {
        cache::note_in(&mut config, (image, made), (schedule, environment))?;
    }
    let config = store.put_bytes(MediaType::OciConfig, &config.to_bytes())?;
    let base = image
        .base
        .iter()
        .flat_map(|base| base.manifest.layers.clone());
    let layers = base
        .chain(own.into_iter().map(|layer| layer.descriptor))
        .collect();
    let manifest = Manifest::new(config, layers);
    let descriptor = store.put_bytes(MediaType::OciManifest, &manifest.to_bytes())?;
    let platform = Some(image.config.platform());
    let described = Descriptor {
        platform,
        ..descriptor
    };
    // What is not here whole is none of the store's images.
    Ok(match schedule.left_of(&[(image, made)])?.is_empty() {
        true => store.add_image(&described)?,
        false => store.passing_image(&described)?,
    })
}

/// The layers on top of the base image's. Reading them again to hash them is all the work there is
/// in it, so as many as there are processors are done at once.
fn own_layers(
    image: &StageImage,
    made: &Made,
    timestamps: Timestamps,
    schedule: &Schedule<'_>,
    environment: &Environment<'_>,
) -> Result<Vec<Layer>, Error> {
    let below = made.stack.len() - image.layers.len();
    let layers = Mutex::new(Vec::with_capacity(image.layers.len()));
    parallel::each(
        image.layers.len(),
        || (),
        |(), at| -> Result<(), Error> {
            if environment.cancel.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let stack = &made.stack[..=below + at];
            let layer = match schedule.left(&made.stack[below + at]) {
                Some((blob, diff_id)) if timestamps.are_kept() => left(blob, diff_id),
                _ => layer(stack, timestamps, environment)?,
            };
            layers
                .lock()
                .expect("no thread panics with it")
                .push((at, layer));
            Ok(())
        },
    )?;
    let mut layers = layers.into_inner().expect("no thread panics with it");
    layers.sort_by_key(|(at, _)| *at);
    Ok(layers.into_iter().map(|(_, layer)| layer).collect())
}

/// A layer that is not here stands in the manifest as it will leave.
fn left(blob: Descriptor, diff_id: DiffId) -> Layer {
    let media_type = blob.media_type.in_oci();
    let descriptor = Descriptor::new(media_type, blob.digest, blob.size);
    Layer {
        diff_id,
        descriptor,
    }
}

fn layer(
    stack: &[SnapshotId],
    timestamps: Timestamps,
    environment: &Environment<'_>,
) -> Result<Layer, Error> {
    let sealed = environment
        .store
        .seal_for(stack, timestamps, environment.layers_as.as_ref())?;
    let descriptor = Descriptor::new(
        MediaType::OciLayer,
        sealed.diff_id.digest().clone(),
        sealed.tar_size,
    );
    Ok(Layer {
        diff_id: sealed.diff_id,
        descriptor,
    })
}

/// Adds the lines of history, and says when the image was made: when its last layer was. So an
/// unchanged build gives the same image again.
fn write_history(
    config: &mut ImageConfig,
    image: &StageImage,
    schedule: &Schedule<'_>,
    store: &store::Store,
) -> Result<(), Error> {
    let mut created = match (&config.created, image.layers.is_empty()) {
        (Some(created), _) => Some(created.clone()),
        (None, true) => Some(first_made(config, image, store)?),
        (None, false) => None,
    };
    fit_history(config, image);
    for entry in &image.history {
        if let Some(step) = entry.step {
            created = schedule
                .peek(step)
                .and_then(|made| made.created)
                .map(timestamp::format_seconds);
        }
        config.history.push(History {
            created: created.clone(),
            created_by: entry.created_by.clone(),
            comment: COMMENT.to_owned(),
            empty_layer: entry.step.is_none(),
            ..History::default()
        });
    }
    config.created = created;
    Ok(())
}

/// Says that the image and all of its own history were made at one time. An earlier time will not do: of a layer in the
/// cache it is another one on each machine.
fn set_created(config: &mut ImageConfig, image: &StageImage, created: &str) {
    config.created = Some(created.to_owned());
    let own = config.history.iter_mut().rev().take(image.history.len());
    own.for_each(|line| line.created = Some(created.to_owned()));
}

/// A base may have no history, or one that does not fit its layers. Then lines are added for the last layers, or the
/// first lines are said to be without one, so that the lines of this build stand for its own layers.
fn fit_history(config: &mut ImageConfig, image: &StageImage) {
    let layers = image
        .base
        .as_ref()
        .map_or(0, |base| base.manifest.layers.len());
    let with_layer = config
        .history
        .iter()
        .filter(|line| !line.empty_layer)
        .count();
    let too_many = with_layer.saturating_sub(layers);
    let lines = config.history.iter_mut();
    for line in lines.filter(|line| !line.empty_layer).take(too_many) {
        line.empty_layer = true;
    }
    for _ in with_layer..layers {
        config.history.push(History {
            created: config.created.clone(),
            comment: "the base image does not say how this layer was made".to_owned(),
            ..History::default()
        });
    }
}

/// An image without any layer has no time of its own; the first time that it was made is kept.
fn first_made(
    config: &ImageConfig,
    image: &StageImage,
    store: &store::Store,
) -> Result<String, Error> {
    let mut key = KeyWriter::new("image without layers");
    key.bytes(&config.to_bytes());
    image
        .history
        .iter()
        .for_each(|entry| key.text(&entry.created_by));
    let key = key.finish().0;
    if let Some(record) = store.record(&key)?
        && let Some(created) = record.payload.as_str()
    {
        return Ok(created.to_owned());
    }
    let created = timestamp::format_seconds(SystemTime::now());
    let payload = serde_json::Value::String(created.clone());
    store.put_record(
        &key,
        &store::Record {
            snapshot: None,
            payload,
        },
    )?;
    Ok(created)
}
