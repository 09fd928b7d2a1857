//! `carafe stop`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::{image_config, stop};
use crate::exit::Exit;
use crate::output;

/// Stop containers: ask, and after a while insist
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Send this signal instead of the image's (or SIGTERM)
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
    let store = config.store()?;
    let mut exit = Exit::Success;
    for name in &args.containers {
        let stopped = Containers::new(&store).find(name).and_then(|container| {
            let signal = args.signal.unwrap_or(container.record.stop_signal);
            let seconds = args.timeout.or(container.record.stop_timeout);
            let patience = stop::patience(seconds);
            stop::stop(&container, signal, patience)?;
            output::result(&format!("{name}\n"))
        });
        if let Err(error) = stopped {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}
