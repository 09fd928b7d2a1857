//! `carafe tag`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use oci::Reference;

/// Give an image another name, or several
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The image: a name or an ID
    source: String,
    /// The names that it gets
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<Reference>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if let Some(target) = args.targets.iter().find(|target| target.digest().is_some()) {
        return Err(CommandError::usage(format!(
            "cannot tag as {target}: a digest follows from the content and cannot be given"
        )));
    }
    let store = config.store()?;
    let image = store.resolve_root(&args.source)?;
    for target in &args.targets {
        store.tag(target, &image)?;
    }
    Ok(Exit::Success)
}
