//! Writing what was built everywhere it was asked for.

use super::{ArchiveOutput, Form, ImageOutput, Output, Pushing, files, image_times};
use crate::command_error::CommandError;
use crate::output::OutputFile;
use builder::{Built, Environment, Event, LeftLayers, Naming, Outcome, Push, StepId, StepTitle};
use oci::{Descriptor, Digest, Reference};
use std::collections::BTreeMap;
use std::path::PathBuf;
use store::{ArchiveFormat, Saved, Store};

/// On an image in an archive: when it was made.
const CREATED: &str = "org.opencontainers.image.created";

/// The number of the first output as a step; no build has so many of its own.
const FIRST_STEP: u32 = 99_000;

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Exported {
    /// Where, if it is a place outside of the store.
    pub(crate) to: Option<String>,
    /// How many bytes, if that is worth telling.
    pub(crate) bytes: Option<u64>,
    /// The image, if it left as one.
    pub(crate) image: Option<ExportedImage>,
    /// What it is called at registries, if it was pushed.
    pub(crate) pushed: Vec<String>,
}

/// An image as an exporter made it.
#[derive(Debug)]
pub(crate) struct ExportedImage {
    /// The image ID; an index has none.
    pub(crate) id: Option<Digest>,
    /// The manifest or index.
    pub(crate) descriptor: Descriptor,
}

/// Why what was built could not be written.
#[derive(Debug)]
pub(crate) enum ExportError {
    /// A layer stayed in a cache that does not have it after all: it has to be made here.
    LeftLayer(builder::Error),
    /// Anything else.
    Final(CommandError),
}

impl ExportError {
    /// What the user is told.
    pub(crate) fn into_command_error(self) -> CommandError {
        match self {
            Self::LeftLayer(error) => error.into(),
            Self::Final(error) => error,
        }
    }
}

impl From<builder::Error> for ExportError {
    fn from(error: builder::Error) -> Self {
        match error {
            builder::Error::LeftLayer(_) => Self::LeftLayer(error),
            error => Self::Final(error.into()),
        }
    }
}

impl From<store::Error> for ExportError {
    fn from(error: store::Error) -> Self {
        Self::Final(error.into())
    }
}

/// Writes what was built to all outputs.
pub(crate) fn export(
    outputs: &[Output],
    outcome: &Outcome,
    environment: &Environment<'_>,
) -> Result<Vec<Exported>, ExportError> {
    let store = environment.store;
    let times = image_times(outputs);
    let built = |wanted| {
        let at = times.iter().position(|times| *times == wanted);
        &outcome.results[at.unwrap_or_default()]
    };
    let outputs = outputs.iter().zip(FIRST_STEP..);
    outputs
        .map(|(output, step)| match output {
            Output::Image(output) => {
                let built = (built(output.times), &outcome.left);
                image(output, built, StepId(step), environment)
            }
            Output::Archive(output) => {
                archive(output, built(output.times), store).map_err(ExportError::Final)
            }
            Output::Files(output) => {
                files::export(output, outcome, store).map_err(ExportError::Final)
            }
            Output::CacheOnly => Ok(Exported::default()),
        })
        .collect()
}

/// Pushes the image, and names it in the store.
fn image(
    output: &ImageOutput,
    (built, left): (&Built, &LeftLayers),
    step: StepId,
    environment: &Environment<'_>,
) -> Result<Exported, ExportError> {
    let store = environment.store;
    if let Some(pushing) = output.pushed {
        push(output, pushing, (&built.root, left), step, environment)?;
    }
    // What was pushed is packed by now.
    let packed = store.pack(&built.root, &output.packing)?;
    let descriptor = bare(&packed.descriptor);
    let by_digest = output.pushed.is_some_and(|p| p.naming == Naming::Digest);
    let pushed = match output.pushed {
        Some(_) => pushed_names(output, &descriptor.digest, by_digest),
        None => Vec::new(),
    };
    if !left.is_empty() {
        // The names mean what was pushed, which is not here.
        for name in output.names.iter().filter(|_| output.stored && !by_digest) {
            store.untag(name)?;
        }
    } else if output.stored {
        for manifest in &packed.manifests {
            store.add_image(&bare(manifest))?;
        }
        for name in output.names.iter().filter(|_| !by_digest) {
            store.tag(name, &descriptor)?;
            if output.pushed.is_some() {
                store.note_published(name, &descriptor, &descriptor.digest)?;
            }
        }
    }
    if output.unpack {
        for image in &built.images {
            store.unpack_image(image)?;
        }
    }
    Ok(Exported {
        image: exported(built, descriptor),
        pushed,
        ..Exported::default()
    })
}

fn push(
    output: &ImageOutput,
    pushing: Pushing,
    (root, left): (&Descriptor, &LeftLayers),
    step: StepId,
    environment: &Environment<'_>,
) -> Result<(), builder::Error> {
    let names: Vec<String> = output.names.iter().map(Reference::familiar).collect();
    (environment.events)(Event::Planned(vec![StepTitle {
        id: step,
        stage: String::new(),
        position: None,
        text: format!("push {}", names.join(", ")),
        line: None,
        inputs: Vec::new(),
    }]));
    (environment.events)(Event::Started(step));
    let push = Push {
        left,
        root,
        names: &output.names,
        packing: &output.packing,
        naming: pushing.naming,
        trust: pushing.trust,
        step,
    };
    let pushed = builder::push_image(&push, environment);
    (environment.events)(match pushed {
        Ok(_) => Event::Finished(step),
        Err(_) => Event::Failed(step),
    });
    pushed?;
    Ok(())
}

/// What the image is called at its registries.
fn pushed_names(output: &ImageOutput, digest: &Digest, by_digest: bool) -> Vec<String> {
    let name = |name: &Reference| match by_digest {
        true => format!("{}@{digest}", name.name()),
        false => format!("{name}@{digest}"),
    };
    output.names.iter().map(name).collect()
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
        (dest, _) => written(dest.clone(), |out| {
            Ok(store.save(&saved, ArchiveFormat::Both, out)?)
        })?,
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
    write: impl FnOnce(&mut OutputFile) -> Result<(), CommandError>,
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
        ..Exported::default()
    })
}
