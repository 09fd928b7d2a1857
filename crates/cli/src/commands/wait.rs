//! `carafe wait`.

use super::each::each;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;

/// Wait until containers end, and print their exit codes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The containers: names or IDs
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    each(
        &args.containers,
        &config.store()?,
        config,
        |name, container| {
            container.wait_for_owner();
            if !container.path.exists() {
                return Err(CommandError::new(format!(
                    "container {name} was removed when it ended, and its exit code with it"
                ))
                .hint("run it without --rm"));
            }
            Ok(container.state()?.exit_code.to_string())
        },
    )
}
