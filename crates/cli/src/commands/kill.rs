//! `carafe kill`.

use super::each::each;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Container;
use crate::container::image_config;
use crate::container::stop::SIGKILL;
use crate::exit::Exit;
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
    each(
        &args.containers,
        &config.store()?,
        config,
        |name, container| {
            kill(container, args.signal)?;
            Ok(name.to_owned())
        },
    )
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
