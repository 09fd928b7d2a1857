//! `carafe save`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::output::OutputFile;
use crate::{signals, terminal};
use oci::{Compression, Reference};
use std::io;
use std::path::PathBuf;
use store::{Recompress, Saved, Store};

/// Save images as one archive: an OCI layout that docker load reads too
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Compress layers that are not compressed: gzip, zstd or none
    #[arg(long, value_name = "WAY", default_value = "gzip", value_parser = compression)]
    compression: Compression,
    /// The images: names or IDs
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

pub(super) fn compression(text: &str) -> Result<Compression, String> {
    match text {
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        "none" | "uncompressed" => Ok(Compression::None),
        other => Err(format!(
            "there is no compression `{other}`: it is gzip, zstd or none"
        )),
    }
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.output.is_none() && terminal::is_terminal(io::stdout()) {
        return Err(CommandError::usage("the archive would go to the terminal")
            .hint("name a file with -o FILE, or redirect standard output"));
    }
    signals::watch();
    let saved = save(args, config);
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    saved?;
    Ok(Exit::Success)
}

fn save(args: &Args, config: &Config) -> Result<(), CommandError> {
    let store = config.store()?;
    let images = images(args, &store)?;
    let mut file = OutputFile::create(args.output.as_deref())?;
    store.save(&images, &mut file)?;
    file.finish()?;
    Ok(())
}

/// Several names of one image become one image with several names.
fn images(args: &Args, store: &Store) -> Result<Vec<Saved>, CommandError> {
    let mut images: Vec<Saved> = Vec::new();
    for name in &args.images {
        let root = store.resolve_root(name)?;
        // A base image was pulled for one platform of many: not every reader takes an index with holes.
        let whole = store.whole(&root)?;
        let descriptor = store.recompress(&whole, &Recompress::plain(args.compression))?;
        // An ID is no name, and a reference that leads to something else neither.
        let reference = name.parse::<Reference>().ok();
        let reference = reference.filter(|r| {
            store
                .tagged(r)
                .is_ok_and(|tagged| tagged.as_ref() == Some(&root))
        });
        match images
            .iter_mut()
            .find(|image| image.descriptor == descriptor)
        {
            Some(image) => image.references.extend(reference),
            None => images.push(Saved {
                descriptor,
                references: reference.into_iter().collect(),
            }),
        }
    }
    Ok(images)
}
