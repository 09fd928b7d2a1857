//! `carafe logout`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::progress::Notices;
use registry::RegistryKey;
use std::path::PathBuf;
use std::sync::Arc;

/// Forget the password for a registry
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Forget those for all registries
    #[arg(short, long, conflicts_with = "registry")]
    all: bool,
    /// Forget what is in this file
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
    /// The registry's host, and its port; Docker Hub if there is none
    #[arg(value_name = "REGISTRY")]
    registry: Option<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let keyring = config.keyring(
        &config.registries()?,
        &Notices::default().observer(),
        &Arc::default(),
        args.authfile.as_deref(),
    );
    if args.all {
        let mut text = String::new();
        for key in keyring.erase_all()? {
            text.push_str(&format!("Removed the login credentials for {key}\n"));
        }
        output::result(&text)?;
        return Ok(Exit::Success);
    }
    let key = RegistryKey::new(args.registry.as_deref().unwrap_or_default());
    if keyring.erase(&key)? {
        output::result(&format!("Removed the login credentials for {key}\n"))?;
    } else {
        output::result(&format!("Not logged in to {key}\n"))?;
    }
    if let Some(place) = keyring.place_of(&key)? {
        output::note(&format!(
            "warning: {place} still has credentials for {key}; they are used from now on\n"
        ));
    }
    Ok(Exit::Success)
}
