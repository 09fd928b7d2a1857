//! How a container is: written by its owner, each time as a whole.

use crate::command_error::CommandError;
use crate::report::times;
use oci::timestamp;
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the owner last wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Where it is in its life.
    pub(crate) phase: Phase,
    /// The process that is 1 inside.
    pub(crate) pid: u32,
    /// When the kernel started that process, in clock ticks since boot: with it, a number that was given to another process
    /// since is not mistaken for it.
    pub(crate) pid_start: u64,
    /// The process that owns it, known in the same way.
    #[serde(default)]
    pub(crate) owner: u32,
    /// When that started.
    #[serde(default)]
    pub(crate) owner_start: u64,
    /// RFC 3339; empty before it started.
    pub(crate) started: String,
    /// RFC 3339; empty before it ended.
    pub(crate) finished: String,
    /// Its program's exit code.
    pub(crate) exit_code: i32,
    /// Why it could not be started.
    pub(crate) error: String,
    /// How many times it was started again.
    #[serde(default)]
    pub(crate) restarts: u32,
    /// The directories of its control group.
    #[serde(default)]
    pub(crate) cgroups: Vec<PathBuf>,
}

/// Where a container is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// It was not started, or could not be.
    #[default]
    Created,
    /// Its program runs.
    Running,
    /// Its program has ended, and is about to be started again.
    Restarting,
    /// Its program has ended.
    Exited,
}

impl Phase {
    /// Docker's word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
        }
    }
}

impl State {
    /// A program that has just been started.
    pub(crate) fn running(pid: u32) -> Self {
        Self {
            phase: Phase::Running,
            pid,
            pid_start: start_time(pid).unwrap_or(0),
            owner: std::process::id(),
            owner_start: start_time(std::process::id()).unwrap_or(0),
            started: timestamp::format(SystemTime::now()),
            ..Self::default()
        }
    }

    /// The same after its end.
    pub(crate) fn exited(&self, exit_code: i32) -> Self {
        Self {
            phase: Phase::Exited,
            pid: 0,
            pid_start: 0,
            owner: 0,
            owner_start: 0,
            cgroups: Vec::new(),
            finished: timestamp::format(SystemTime::now()),
            exit_code,
            ..self.clone()
        }
    }

    /// The same when it could not be started.
    pub(crate) fn failed(&self, error: &CommandError) -> Self {
        Self {
            error: error.message().to_owned(),
            exit_code: i32::from(error.exit().code()),
            ..self.clone()
        }
    }

    /// What is true when the owner is gone without a word: the kernel killed the container with it.
    pub(crate) fn abandoned(mut self) -> Self {
        if self.phase == Phase::Restarting {
            self.phase = Phase::Exited;
        }
        if self.phase == Phase::Running {
            self = Self {
                finished: String::new(),
                ..self.exited(137)
            };
            self.error = "the process that owned the container was killed".to_owned();
        }
        self
    }

    /// A handle on the container's process, if it still is that process.
    pub(crate) fn open_process(&self) -> Option<OwnedFd> {
        open(self.pid, self.pid_start)
    }

    /// The same for its owner.
    pub(crate) fn open_owner(&self) -> Option<OwnedFd> {
        open(self.owner, self.owner_start)
    }

    /// `Up 3 minutes`, `Exited (0) 3 minutes ago`, `Created`.
    pub(crate) fn sentence(&self) -> String {
        match self.phase {
            Phase::Created => "Created".to_owned(),
            Phase::Running => {
                let started = timestamp::parse(&self.started).unwrap_or(UNIX_EPOCH);
                format!("Up {}", times::rough(times::since(started)))
            }
            Phase::Restarting => {
                let then = timestamp::parse(&self.finished);
                format!("Restarting ({}) {}", self.exit_code, times::ago(then))
            }
            Phase::Exited => match timestamp::parse(&self.finished) {
                Some(then) => format!("Exited ({}) {}", self.exit_code, times::ago(Some(then))),
                None => format!("Exited ({})", self.exit_code),
            },
        }
    }
}

fn open(pid: u32, start: u64) -> Option<OwnedFd> {
    let fd = sandbox::open_process(pid).ok()?;
    // Only now, with the process held, does its start time prove anything.
    (start_time(pid) == Some(start)).then_some(fd)
}

/// Field 22 of `/proc/PID/stat` (proc_pid_stat(5)). The name before it may hold blanks and parentheses.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Phase, State, start_time};

    #[test]
    fn a_process_is_known_by_its_start() {
        let own = State::running(std::process::id());
        assert_eq!(own.phase, Phase::Running);
        assert!(start_time(std::process::id()).is_some());
        assert!(own.open_process().is_some());
        let other = State {
            pid_start: own.pid_start + 1,
            ..own
        };
        assert!(other.open_process().is_none());
    }

    #[test]
    fn a_dead_owner_means_a_dead_container() {
        let left = State::running(std::process::id()).abandoned();
        assert_eq!(
            (left.phase, left.exit_code, left.pid),
            (Phase::Exited, 137, 0)
        );
        assert_eq!(left.sentence(), "Exited (137)");
        let done = State::running(1).exited(3);
        assert_eq!(done.clone().abandoned(), done);
        assert_eq!(done.sentence(), "Exited (3) Less than a second ago");
    }
}
