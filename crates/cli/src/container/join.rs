//! An ordinary user on the way into a container that runs: by the user namespace of its owner, the only one in which this
//! user has power over it.

use super::directory::{Container, Containers};
use super::state::Phase;
use crate::command_error::CommandError;
use crate::config::Config;
use std::os::fd::AsFd;
use store::Layout;

/// Makes an ordinary user root of a user namespace: of the one of this container, if there is one that runs, else of a new
/// one. Must be called while there is one thread.
pub(crate) fn become_root(container: Option<&str>, config: &Config) -> Result<(), CommandError> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    if let Some(name) = container {
        let layout = Layout::new(config.store_path()?);
        // What is wrong with the store or the name will be found again, and told.
        if let Ok(found) = Containers::find_in(&layout, name)
            && let Some(owner) = owner(&found)?
        {
            // The way there leads to the root directory.
            let here = std::env::current_dir();
            sandbox::join_user_namespace(owner.as_fd())?;
            return match here {
                Ok(here) => std::env::set_current_dir(&here)
                    .map_err(|error| CommandError::file("enter", &here, error)),
                // Where there is no way to it there are no relative paths either.
                Err(_) => Ok(()),
            };
        }
    }
    config.become_root_of_own_namespace()
}

fn owner(container: &Container) -> Result<Option<std::os::fd::OwnedFd>, CommandError> {
    let state = container.state()?;
    Ok(match state.phase {
        Phase::Running => state.open_owner(),
        Phase::Created | Phase::Restarting | Phase::Exited => None,
    })
}
