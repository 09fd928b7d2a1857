//! `carafe kill`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::container::image_config;
use crate::container::stop::SIGKILL;
use crate::exit::Exit;
use crate::output;
use sandbox::send_signal;
use std::os::fd::AsFd;

/// Send a signal to containers
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Send this signal
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL",
          value_parser = image_config::signal)]
    signal: i32,
    /// The containers: names or IDs
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let containers = Containers::new(&store);
    let mut exit = Exit::Success;
    for name in &args.containers {
        let killed = containers.find(name).and_then(|container| {
            kill(&container, args.signal)?;
            output::result(&format!("{name}\n"))
        });
        if let Err(error) = killed {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}

fn kill(container: &Container, signal: i32) -> Result<(), CommandError> {
    let name = &container.record.name;
    let Some(process) = container.state()?.open_process() else {
        return Err(
            CommandError::new(format!("container {name} is not running"))
                .hint("carafe ps lists those that run"),
        );
    };
    // As with Docker: what is meant to end it is not followed by a new start.
    if signal == SIGKILL || signal == container.record.stop_signal {
        container.set_stopped()?;
    }
    send_signal(process.as_fd(), signal)?;
    if signal == SIGKILL {
        container.wait_for_owner();
    }
    Ok(())
}
