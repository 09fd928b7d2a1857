//! `carafe tag`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use oci::Reference;

/// Give an image another name
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The image: a name or an ID
    source: String,
    /// The name that it gets
    target: String,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let target: Reference = args.target.parse()?;
    if target.digest().is_some() {
        return Err(CommandError::usage(format!(
            "cannot tag as {}: a digest follows from the content and cannot be given",
            args.target
        )));
    }
    let store = config.store()?;
    let image = store.resolve_root(&args.source)?;
    store.tag(&target, &image)?;
    Ok(Exit::Success)
}
