//! A container's program, and further programs in it: with which variables, as whom, with which rights.

use super::directory::Container;
use super::environment;
use super::record::Record;
use super::state::State;
use crate::command_error::CommandError;
use builder::Users;
use rootfs::Root;
use sandbox::{Cgroup, Entry, Process, User, WindowSize};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// `NAME=value`.
    pub(crate) environment: Vec<String>,
    /// As whom: `name`, `uid`, `name:group`; empty is root.
    pub(crate) user: String,
    /// Where it starts.
    pub(crate) working_directory: String,
    /// The size of its terminal, if it has one.
    pub(crate) terminal: Option<WindowSize>,
}

impl Program {
    /// The container's own.
    pub(crate) fn of(record: &Record, window: Option<WindowSize>) -> Self {
        let window = window.unwrap_or(WindowSize {
            rows: 24,
            columns: 80,
        });
        Self {
            command: record.command.clone(),
            environment: record.environment.clone(),
            user: record.user.clone(),
            working_directory: record.working_directory.clone(),
            terminal: record.terminal.then_some(window),
        }
    }

    /// As the sandbox takes it: users are looked up in the container's root.
    pub(crate) fn process(&self, record: &Record, root: &Root) -> Result<Process, CommandError> {
        let identity = Users::read(root).identity(&self.user)?;
        let mut variables = self.environment.clone();
        let mut default = |name: &str, value: &str| {
            if !environment::has(&variables, name) {
                environment::set(&mut variables, name, value);
            }
        };
        default("PATH", sandbox::DEFAULT_PATH);
        default("HOSTNAME", &record.hostname);
        default("HOME", &identity.home);
        if self.terminal.is_some() {
            default("TERM", "xterm");
        }
        Ok(Process {
            args: self.command.iter().map(Into::into).collect(),
            env: variables.into_iter().map(Into::into).collect(),
            cwd: PathBuf::from(&self.working_directory),
            user: User {
                uid: identity.uid,
                gid: identity.gid,
                groups: identity.groups,
            },
            terminal: self.terminal,
        })
    }
}

/// The way into a container that runs, with the rights of its programs. `pidfd` holds its process 1.
pub(crate) fn entry(
    container: &Container,
    state: &State,
    pidfd: OwnedFd,
) -> Result<Entry, CommandError> {
    let privileges = &container.record.privileges;
    let mut entry = Entry::new(state.pid, pidfd)?;
    entry.capabilities = privileges.capabilities();
    entry.seccomp = privileges.seccomp();
    entry.no_new_privileges = privileges.no_new_privileges;
    entry.cgroups = Cgroup::entries_of(&state.cgroups)?;
    Ok(entry)
}
