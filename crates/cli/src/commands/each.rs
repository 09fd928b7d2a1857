//! What is done to several containers, one after the other.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::exit::Exit;
use crate::output;
use store::Store;

/// Does `one` to each container, and writes the line that it gives. What fails is told, and the others come to their turn all the same, as
/// docker has it.
pub(super) fn each(
    names: &[String],
    store: &Store,
    config: &Config,
    one: impl Fn(&str, &Container) -> Result<String, CommandError>,
) -> Result<Exit, CommandError> {
    let containers = Containers::new(store);
    let mut exit = Exit::Success;
    for name in names {
        let done = containers
            .find(name)
            .and_then(|container| one(name, &container))
            .and_then(|line| output::result(&format!("{line}\n")));
        if let Err(error) = done {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}
