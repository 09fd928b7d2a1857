//! `carafe rename`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::names;
use crate::exit::Exit;

/// Give a container another name
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The container: its name or ID
    container: String,
    /// The new name
    #[arg(value_parser = names::check)]
    name: String,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let containers = Containers::new(&store);
    let mut container = containers.find(&args.container)?;
    containers.rename(&mut container, &args.name)?;
    Ok(Exit::Success)
}
