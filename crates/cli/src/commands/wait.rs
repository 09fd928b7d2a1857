//! `carafe wait`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output;

/// Wait until containers end, and print their exit codes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The containers: names or IDs
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let containers = Containers::new(&store);
    let mut exit = Exit::Success;
    for name in &args.containers {
        let waited = containers.find(name).and_then(|container| {
            container.wait_for_owner();
            if !container.path.exists() {
                return Err(CommandError::new(format!(
                    "container {name} was removed when it ended, and its exit code with it"
                ))
                .hint("run it without --rm"));
            }
            let code = container.state()?.exit_code;
            output::result(&format!("{code}\n"))
        });
        if let Err(error) = waited {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}
