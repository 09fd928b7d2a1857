//! `carafe push`.

use super::transfer::{STEP, Transfers, mode};
use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::Mode;
use crate::{output, signals};
use builder::{Event, LeftLayers, Naming, Push, Trust};
use oci::{Compression, Descriptor, Platform, Reference};
use std::path::PathBuf;
use store::{MediaTypes, Packing, Recompress, Scope, Store};

/// Send images to their registries
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Push the image for this platform only
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Push every name that the repository has in the store
    #[arg(short, long)]
    all_tags: bool,
    /// Compress layers that are not compressed: gzip, zstd or none
    #[arg(long, value_name = "WAY", default_value = "gzip", value_parser = super::save::compression)]
    compression: Compression,
    /// Compress so much: 0 to 9 for gzip, 0 to 22 for zstd
    #[arg(long, value_name = "LEVEL")]
    compression_level: Option<i32>,
    /// Compress layers anew that are compressed in another way
    #[arg(long)]
    force_compression: bool,
    /// Write the digest of what was pushed to a file
    #[arg(long, value_name = "FILE")]
    digestfile: Option<PathBuf>,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// The images' names
    #[arg(required = true, value_name = "NAME[:TAG]")]
    images: Vec<String>,
}

/// An image and the names under which it is pushed.
struct Item {
    root: Descriptor,
    names: Vec<Reference>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let packing = packing(args)?;
    let cancel = signals::watch();
    let store = config.store()?;
    let items = items(args, &store)?;
    if args.digestfile.is_some() && items.len() > 1 {
        return Err(CommandError::usage(
            "--digestfile holds one digest, and several images are pushed",
        )
        .hint("push them one after the other"));
    }
    let mode = if args.quiet {
        Mode::Quiet
    } else {
        mode(config)
    };
    let transfers = Transfers::new(&store, config, mode, cancel)?;
    for item in &items {
        let pushed = push(item, &packing, &transfers);
        if signals::exit().is_some() {
            return Err(command_error::interrupted());
        }
        let digest = pushed?.digest;
        if let Some(path) = &args.digestfile {
            std::fs::write(path, digest.as_str())
                .map_err(|error| CommandError::file("write", path, error))?;
        }
        for name in &item.names {
            store.note_published(name, &item.root, &digest)?;
            output::result(&format!("{name}@{digest}\n"))?;
        }
    }
    Ok(Exit::Success)
}

fn push(
    item: &Item,
    packing: &Packing,
    transfers: &Transfers<'_>,
) -> Result<Descriptor, builder::Error> {
    let names: Vec<String> = item.names.iter().map(Reference::familiar).collect();
    transfers.show(format!("push {}", names.join(", ")), |environment| {
        (environment.events)(Event::Started(STEP));
        let push = Push {
            left: &LeftLayers::default(),
            root: &item.root,
            names: &item.names,
            packing,
            naming: Naming::Tags,
            trust: Trust::Configured,
            step: STEP,
        };
        let pushed = builder::push_image(&push, environment)?;
        (environment.events)(Event::Finished(STEP));
        Ok(pushed)
    })
}

/// What is pushed; several names of one image go together.
fn items(args: &Args, store: &Store) -> Result<Vec<Item>, CommandError> {
    let mut items: Vec<Item> = Vec::new();
    for name in names(args, store)? {
        let root = root(&name, args.platform.as_ref(), store)?;
        match items.iter_mut().find(|item| item.root == root) {
            Some(item) if item.names.contains(&name) => {}
            Some(item) => item.names.push(name),
            None => items.push(Item {
                root,
                names: vec![name],
            }),
        }
    }
    Ok(items)
}

/// The names that were given, or all that their repositories have.
fn names(args: &Args, store: &Store) -> Result<Vec<Reference>, CommandError> {
    let mut names = Vec::new();
    for text in &args.images {
        let name: Reference = text.parse()?;
        if name.digest().is_some() {
            let message = format!("cannot push {text}: what is pushed gets a name, not a digest");
            return Err(
                CommandError::usage(message).hint("name its tag, or make one with carafe tag")
            );
        }
        if !args.all_tags {
            names.push(name);
            continue;
        }
        let tags = store.tags()?.into_iter().map(|tag| tag.reference);
        let before = names.len();
        names.extend(tags.filter(|tag| tag.name() == name.name() && tag.tag().is_some()));
        if names.len() == before {
            return Err(
                CommandError::new(format!("no image in the store is called {text}"))
                    .hint("carafe images lists what is there"),
            );
        }
    }
    Ok(names)
}

fn root(
    name: &Reference,
    platform: Option<&Platform>,
    store: &Store,
) -> Result<Descriptor, CommandError> {
    let name = name.to_string();
    match platform {
        Some(platform) => Ok(store.resolve_for(&name, platform)?.manifest),
        // A base image was pulled for one platform of many, and is what there is of the index.
        None => Ok(store.whole(&store.resolve_root(&name)?)?),
    }
}

fn packing(args: &Args) -> Result<Packing, CommandError> {
    let most = match args.compression {
        Compression::Zstd => 22,
        _ => 9,
    };
    if let Some(level) = args.compression_level
        && !(0..=most).contains(&level)
    {
        let message = format!("there is no compression level {level}: it is 0 to {most}");
        return Err(CommandError::usage(message));
    }
    let scope = match args.force_compression {
        true => Scope::All,
        false => Scope::Plain,
    };
    Ok(Packing {
        recompress: Some(Recompress {
            // zstd's own 0 is its default.
            level: { args.compression_level }
                .filter(|level| (args.compression, *level) != (Compression::Zstd, 0)),
            scope,
            ..Recompress::plain(args.compression)
        }),
        media_types: MediaTypes::Kept,
        annotations: Vec::new(),
    })
}
