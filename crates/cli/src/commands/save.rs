//! `carafe save`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::output::{OutputFile, PackedOutput, compression_of_name};
use crate::{signals, terminal};
use oci::{Compression, Platform, Reference};
use std::io;
use std::path::PathBuf;
use store::{ArchiveFormat, Recompress, Saved, Scope, Store};

/// Save images as one archive: an OCI layout that docker load reads too
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to this file instead of standard output; one that ends in .gz, .tgz, .zst or .tzst is compressed as a whole
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write this instead of an archive that all read
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Save the images for this platform only
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Compress layers that are not compressed: gzip, zstd or none
    #[arg(long, value_name = "WAY", default_value = "gzip", value_parser = compression)]
    compression: Compression,
    /// Compress the others anew, too
    #[arg(long)]
    force_compression: bool,
    /// Show nothing; there is nothing to show
    #[arg(short, long, hide = true)]
    quiet: bool,
    /// Take all names for images; they are always
    #[arg(short, long, hide = true)]
    multi_image_archive: bool,
    /// The images: names or IDs
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

/// What is written. The words are podman's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// What docker wrote before version 25: manifest.json, with layers at the top
    DockerArchive,
    /// An OCI image layout in a tar
    OciArchive,
    /// An OCI image layout in a directory, beside the images that are in it already
    OciDir,
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
    match &args.output {
        None if args.format == Some(Format::OciDir) => {
            return Err(
                CommandError::usage("a directory cannot go to standard output")
                    .hint("name the directory with -o DIR"),
            );
        }
        None if terminal::is_terminal(io::stdout()) => {
            return Err(CommandError::usage("the archive would go to the terminal")
                .hint("name a file with -o FILE, or redirect standard output"));
        }
        Some(path) if args.format == Some(Format::OciDir) && path.is_file() => {
            let message = format!("{} is a file, and oci-dir a directory", path.display());
            return Err(CommandError::usage(message).hint("name a directory, or use oci-archive"));
        }
        Some(path) if args.format != Some(Format::OciDir) && path.is_dir() => {
            let message = format!("{} is a directory, and an archive a file", path.display());
            return Err(
                CommandError::usage(message).hint("--format oci-dir writes into a directory")
            );
        }
        _ => {}
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
    let format = match (args.format, &args.output) {
        (Some(Format::OciDir), Some(directory)) => {
            std::fs::create_dir_all(directory)
                .map_err(|error| CommandError::file("create", directory, error))?;
            return Ok(store.save_layout(&images, directory)?);
        }
        (Some(Format::DockerArchive), _) => ArchiveFormat::Docker,
        (Some(Format::OciArchive), _) => ArchiveFormat::Oci,
        _ => ArchiveFormat::Both,
    };
    let compression = args
        .output
        .as_deref()
        .map_or(Compression::None, compression_of_name);
    let mut file = OutputFile::create(args.output.as_deref())?;
    if compression == Compression::None {
        store.save(&images, format, &mut file)?;
        file.finish()?;
        return Ok(());
    }
    let mut file = PackedOutput::new(file, compression)?;
    store.save(&images, format, &mut file)?;
    file.finish()
}

/// Several names of one image become one image with several names.
fn images(args: &Args, store: &Store) -> Result<Vec<Saved>, CommandError> {
    let how = Recompress {
        scope: match args.force_compression {
            true => Scope::All,
            false => Scope::Plain,
        },
        ..Recompress::plain(args.compression)
    };
    let mut images: Vec<Saved> = Vec::new();
    for name in &args.images {
        let root = store.resolve_root(name)?;
        // A base image was pulled for one platform of many: not every reader takes an index with holes.
        let whole = match &args.platform {
            Some(platform) => store.resolve_for(name, platform)?.manifest,
            None => store.whole(&root)?,
        };
        let descriptor = store.recompress(&whole, &how)?;
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
