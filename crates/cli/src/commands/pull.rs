//! `carafe pull`.

use super::transfer::{Transfers, mode};
use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::Mode;
use crate::{output, signals};
use oci::{Platform, Reference};
use std::path::PathBuf;
use std::sync::Arc;
use store::{Image, Store};

/// Get images from their registries
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Choose the images for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// Write the digest of the image's manifest to a file
    #[arg(long, value_name = "FILE")]
    digestfile: Option<PathBuf>,
    /// The images' names
    #[arg(required = true, value_name = "NAME[:TAG|@DIGEST]")]
    images: Vec<String>,
}

/// When `run` asks the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    /// If the store does not have the image.
    Missing,
    /// Each time.
    Always,
    /// Never.
    Never,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.digestfile.is_some() && args.images.len() > 1 {
        let message = "--digestfile holds one digest, and several images are pulled";
        return Err(CommandError::usage(message).hint("pull them one after the other"));
    }
    let cancel = signals::watch();
    let store = config.store()?;
    let mode = if args.quiet {
        Mode::Quiet
    } else {
        mode(config)
    };
    let platform = asked_for(args.platform.as_ref(), config)?.unwrap_or_else(Platform::host);
    let transfers = Transfers::new(&store, config, mode, cancel)?;
    for name in &args.images {
        let pulled = pull(name, &platform, &transfers);
        if signals::exit().is_some() {
            return Err(command_error::interrupted());
        }
        let (reference, image) = pulled?;
        if let Some(path) = &args.digestfile {
            std::fs::write(path, image.manifest.digest.as_str())
                .map_err(|error| CommandError::file("write", path, error))?;
        }
        output::result(&format!("{reference}\n"))?;
    }
    Ok(Exit::Success)
}

/// The image to run: from the store, or pulled.
pub(crate) fn image(
    name: &str,
    platform: Option<&Platform>,
    when: When,
    store: &Store,
    config: &Config,
) -> Result<Image, CommandError> {
    let platform = asked_for(platform, config)?;
    let known = store.resolve_any(name, platform.as_ref());
    let is_name = name.parse::<Reference>().is_ok();
    match known {
        Ok(image) if when != When::Always || !is_name => return Ok(image),
        Err(error) if when == When::Never || !is_name => return Err(error.into()),
        Ok(_) | Err(store::Error::NoSuchImage { .. } | store::Error::NoSuchPlatform { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let transfers = Transfers::new(store, config, mode(config), Arc::default())?;
    let platform = platform.unwrap_or_else(Platform::host);
    let (_, image) = pull(name, &platform, &transfers)?;
    Ok(image)
}

/// The platform that was asked for, with the flag or with `DOCKER_DEFAULT_PLATFORM`.
fn asked_for(given: Option<&Platform>, config: &Config) -> Result<Option<Platform>, CommandError> {
    match (given, config.default_platform()) {
        (Some(given), _) => Ok(Some(given.clone())),
        (None, Some(default)) => Ok(Some(default.parse()?)),
        (None, None) => Ok(None),
    }
}

/// Pulls an image under the first of its possible names that a registry knows.
fn pull(
    name: &str,
    platform: &Platform,
    transfers: &Transfers<'_>,
) -> Result<(Reference, Image), CommandError> {
    let mut last = None;
    // A name that is none is the command line's fault.
    name.parse::<Reference>()?;
    for reference in transfers.registry.config().registries.expand(name)? {
        let title = format!("pull {}", reference.familiar());
        let pulled = transfers.show(title, |environment| {
            builder::pull_image(&reference, platform, environment)
        });
        match pulled {
            Err(
                error @ builder::Error::Base {
                    not_found: true, ..
                },
            ) => last = Some(error),
            Err(error) => return Err(error.into()),
            Ok(image) => return Ok((reference, image)),
        }
    }
    let nowhere = || CommandError::new(format!("no registry is configured for {name}"));
    Err(last.map_or_else(nowhere, Into::into))
}
