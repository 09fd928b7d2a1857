//! Writing what was built everywhere it was asked for.

use super::{ArchiveOutput, Form, ImageOutput, Output, files, image_times};
use crate::command_error::CommandError;
use crate::output_file::OutputFile;
use builder::{Built, Outcome};
use oci::{Descriptor, Digest};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use store::{Saved, Store};

/// On an image in an archive: when it was made.
const CREATED: &str = "org.opencontainers.image.created";

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Exported {
    /// Where, if it is a place outside of the store.
    pub(crate) to: Option<String>,
    /// How many bytes, if that is worth telling.
    pub(crate) bytes: Option<u64>,
    /// The image, if it left as one.
    pub(crate) image: Option<ExportedImage>,
}

/// An image as an exporter made it.
#[derive(Debug)]
pub(crate) struct ExportedImage {
    /// The image ID; an index has none.
    pub(crate) id: Option<Digest>,
    /// The manifest or index.
    pub(crate) descriptor: Descriptor,
}

/// Writes what was built to all outputs.
pub(crate) fn export(
    outputs: &[Output],
    outcome: &Outcome,
    store: &Store,
) -> Result<Vec<Exported>, CommandError> {
    let times = image_times(outputs);
    let built = |wanted| {
        let at = times.iter().position(|times| *times == wanted);
        &outcome.results[at.unwrap_or_default()]
    };
    outputs
        .iter()
        .map(|output| match output {
            Output::Image(output) => store_image(output, built(output.times), store),
            Output::Archive(output) => archive(output, built(output.times), store),
            Output::Files(output) => files::export(output, outcome, store),
            Output::CacheOnly => Ok(Exported::default()),
        })
        .collect()
}

/// Names the image in the store.
fn store_image(
    output: &ImageOutput,
    built: &Built,
    store: &Store,
) -> Result<Exported, CommandError> {
    let packed = store.pack(&built.root, &output.packing)?;
    for manifest in &packed.manifests {
        store.add_image(&bare(manifest))?;
    }
    let descriptor = bare(&packed.descriptor);
    for name in &output.names {
        store.tag(name, &descriptor)?;
    }
    if output.unpack {
        for image in &built.images {
            store.unpack_image(image)?;
        }
    }
    Ok(Exported {
        image: exported(built, descriptor),
        ..Exported::default()
    })
}

fn archive(output: &ArchiveOutput, built: &Built, store: &Store) -> Result<Exported, CommandError> {
    let mut descriptor = store.pack(&built.root, &output.packing)?.descriptor;
    if let [image] = &*built.images {
        let created = image.created.clone();
        let note = created.map(|created| (CREATED.to_owned(), created));
        descriptor.annotations.extend(note);
    }
    let saved = [Saved {
        descriptor: descriptor.clone(),
        references: output.names.clone(),
    }];
    let written = match (&output.dest, output.form) {
        (Some(dir), Form::Directory) => {
            store.save_layout(&saved, dir)?;
            Exported {
                to: Some(dir.display().to_string()),
                ..Exported::default()
            }
        }
        (dest, _) => written(dest.clone(), |out| Ok(store.save(&saved, out)?))?,
    };
    Ok(Exported {
        image: exported(built, descriptor),
        ..written
    })
}

/// Without what an index or an archive says of it: that is no part of what a name means.
fn bare(descriptor: &Descriptor) -> Descriptor {
    Descriptor {
        annotations: BTreeMap::new(),
        ..descriptor.clone()
    }
}

fn exported(built: &Built, descriptor: Descriptor) -> Option<ExportedImage> {
    let is_index = descriptor.media_type.is_index();
    let id = (!is_index).then(|| built.images[0].id.clone());
    Some(ExportedImage { id, descriptor })
}

/// Writes to a file or to standard output.
pub(super) fn written(
    dest: Option<PathBuf>,
    write: impl FnOnce(&mut dyn io::Write) -> Result<(), CommandError>,
) -> Result<Exported, CommandError> {
    let mut file = OutputFile::create(dest.as_deref())?;
    write(&mut file)?;
    let bytes = file.finish()?;
    let to = dest.map_or_else(
        || "standard output".to_owned(),
        |dest| dest.display().to_string(),
    );
    Ok(Exported {
        to: Some(to),
        bytes: Some(bytes),
        image: None,
    })
}
