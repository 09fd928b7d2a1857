//! `carafe rm`.

use super::each::each;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::stop;
use crate::exit::Exit;

/// Remove containers
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Kill those that run
    #[arg(short, long)]
    force: bool,
    /// Remove the volumes that were made for it alone, too
    #[arg(short, long)]
    volumes: bool,
    /// The containers: names or IDs
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let containers = Containers::new(&store);
    each(&args.containers, &store, config, |name, container| {
        if container.is_owned() {
            if !args.force {
                return Err(CommandError::new(format!("container {name} is running"))
                    .hint("stop it first (carafe stop), or kill it with rm -f"));
            }
            stop::kill(container)?;
        }
        match args.volumes {
            true => containers.remove_with_volumes(container)?,
            false => containers.remove(container)?,
        }
        Ok(name.to_owned())
    })
}
