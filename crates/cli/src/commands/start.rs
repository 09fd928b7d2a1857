//! `carafe start` and `carafe restart`.

use super::each::each;
use super::{run, stop};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::attach::Streams;
use crate::container::directory::Container;
use crate::container::monitor;
use crate::exit::Exit;
use store::Store;

/// Start containers again that have ended
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show what it writes, and wait for its end
    #[arg(short, long)]
    attach: bool,
    /// Pass standard input on; with -a
    #[arg(short, long, requires = "attach")]
    interactive: bool,
    /// The containers: names or IDs
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.attach {
        let [name] = args.containers.as_slice() else {
            return Err(CommandError::usage("start -a takes one container"));
        };
        let streams = match args.interactive {
            true => Streams::Attached,
            false => Streams::Output,
        };
        return run::attached(name, streams, config);
    }
    let store = config.store()?;
    each(&args.containers, &store, config, |name, container| {
        start(container, &store)?;
        Ok(name.to_owned())
    })
}

/// `restart` is `stop` with its flags, and `start`.
pub(crate) fn restart(args: &stop::Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    each(&args.containers, &store, config, |name, container| {
        args.stop(container)?;
        start(container, &store)?;
        Ok(name.to_owned())
    })
}

/// One that runs is left alone.
fn start(container: &Container, store: &Store) -> Result<(), CommandError> {
    if let Some(ownership) = container.own()? {
        let warnings = monitor::launch(store.path(), container, ownership)?;
        run::warn(&warnings);
    }
    Ok(())
}
