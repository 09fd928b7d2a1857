//! `carafe stop`.

use super::each::each;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Container;
use crate::container::{image_config, stop};
use crate::exit::Exit;

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
    pub(super) containers: Vec<String>,
}

impl Args {
    /// Stops one.
    pub(super) fn stop(&self, container: &Container) -> Result<(), CommandError> {
        let signal = self.signal.unwrap_or(container.record.stop_signal);
        let seconds = self.timeout.or(container.record.stop_timeout);
        stop::stop(container, signal, stop::patience(seconds))
    }
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    each(
        &args.containers,
        &config.store()?,
        config,
        |name, container| {
            args.stop(container)?;
            Ok(name.to_owned())
        },
    )
}
