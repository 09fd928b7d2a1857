//! `carafe start` and `carafe restart`.

use super::run;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::attach::Streams;
use crate::container::directory::{Container, Containers};
use crate::container::stop;
use crate::container::{image_config, monitor};
use crate::exit::Exit;
use crate::output;
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

/// Stop containers and start them again
#[derive(Debug, clap::Args)]
pub(crate) struct RestartArgs {
    /// Send this signal instead of the container's own
    #[arg(short, long, value_name = "SIGNAL", value_parser = image_config::signal)]
    signal: Option<i32>,
    /// Wait this many seconds before SIGKILL; -1 waits for ever
    #[arg(
        short = 't',
        long = "timeout",
        visible_alias = "time",
        value_name = "SECONDS",
        allow_negative_numbers = true
    )]
    timeout: Option<i64>,
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
    each(&args.containers, &store, config, |container| {
        start(container, &store)
    })
}

pub(crate) fn restart(args: &RestartArgs, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    each(&args.containers, &store, config, |container| {
        let signal = args.signal.unwrap_or(container.record.stop_signal);
        let seconds = args.timeout.or(container.record.stop_timeout);
        stop::stop(container, signal, stop::patience(seconds))?;
        start(container, &store)
    })
}

fn each(
    names: &[String],
    store: &Store,
    config: &Config,
    one: impl Fn(&Container) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    let containers = Containers::new(store);
    let mut exit = Exit::Success;
    for name in names {
        let done = containers.find(name).and_then(|container| {
            one(&container)?;
            output::result(&format!("{name}\n"))
        });
        if let Err(error) = done {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}

/// One that runs is left alone.
fn start(container: &Container, store: &Store) -> Result<(), CommandError> {
    if let Some(ownership) = container.own()? {
        let warnings = monitor::launch(store.path(), container, ownership)?;
        run::warn(&warnings);
    }
    Ok(())
}
