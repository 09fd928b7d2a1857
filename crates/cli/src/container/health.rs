//! Health checks: `HEALTHCHECK` and `--health-*`. The container's owner runs them, and keeps what came out.

use super::directory::Container;
use super::process::{Program, entry};
use super::record::Record;
use super::state::State;
use crate::command_error::CommandError;
use oci::{Config, timestamp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use sandbox::{Child, Stdio};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime};

/// How many results are kept: as many as Docker does.
const KEPT: usize = 5;
/// The most that is kept of what a check writes.
const OUTPUT: usize = 4096;

/// How to see whether a container is well. Times are nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Check {
    /// As an image has it: `CMD` and words, or `CMD-SHELL` and a line.
    pub(crate) test: Vec<String>,
    /// What runs the line.
    pub(crate) shell: Vec<String>,
    pub(crate) interval: u64,
    pub(crate) timeout: u64,
    pub(crate) start_period: u64,
    pub(crate) start_interval: u64,
    pub(crate) retries: u32,
}

impl Check {
    /// The image's, if it has one, with Docker's defaults.
    pub(crate) fn of_image(config: &Config) -> Self {
        let given = config.healthcheck.clone().unwrap_or_default();
        let or = |nanoseconds: i64, seconds: u64| match u64::try_from(nanoseconds) {
            Ok(given) if given > 0 => given,
            _ => seconds * 1_000_000_000,
        };
        let shell = match config.shell.is_empty() {
            true => vec!["/bin/sh".to_owned(), "-c".to_owned()],
            false => config.shell.clone(),
        };
        Self {
            test: given.test,
            shell,
            interval: or(given.interval, 30),
            timeout: or(given.timeout, 30),
            start_period: or(given.start_period, 0),
            start_interval: or(given.start_interval, 5),
            retries: u32::try_from(given.retries)
                .ok()
                .filter(|n| *n > 0)
                .unwrap_or(3),
        }
    }

    /// The program and its arguments; `None` where there is nothing to check.
    pub(crate) fn command(&self) -> Option<Vec<String>> {
        match self.test.split_first()? {
            (kind, words) if kind == "CMD" && !words.is_empty() => Some(words.to_vec()),
            (kind, [line, ..]) if kind == "CMD-SHELL" => {
                Some([self.shell.as_slice(), std::slice::from_ref(line)].concat())
            }
            _ => None,
        }
    }

    /// How long to wait for the next check of a container that started so long ago.
    fn pause(&self, health: &Health, since: Duration) -> Duration {
        let starting = health.status == STARTING && since < Duration::from_nanos(self.start_period);
        Duration::from_nanos(if starting {
            self.start_interval
        } else {
            self.interval
        })
    }
}

pub(crate) const STARTING: &str = "starting";
const HEALTHY: &str = "healthy";
const UNHEALTHY: &str = "unhealthy";

/// How a container is, with Docker's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub(crate) status: String,
    /// How many checks have failed in a row.
    pub(crate) failing_streak: u32,
    /// The last results.
    pub(crate) log: Vec<Probe>,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Probe {
    /// RFC 3339.
    pub(crate) start: String,
    /// RFC 3339.
    pub(crate) end: String,
    /// 0 is well; -1 if it did not end by itself.
    pub(crate) exit_code: i32,
    /// What it wrote, or why it could not be run.
    pub(crate) output: String,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            status: STARTING.to_owned(),
            failing_streak: 0,
            log: Vec::new(),
        }
    }
}

impl Health {
    /// Takes a result into account. In the start period failures do not count.
    fn add(&mut self, probe: Probe, check: &Check, since: Duration) {
        let in_start = since < Duration::from_nanos(check.start_period);
        if probe.exit_code == 0 {
            self.failing_streak = 0;
            HEALTHY.clone_into(&mut self.status);
        } else if !(in_start && self.status == STARTING) {
            self.failing_streak += 1;
            if self.failing_streak >= check.retries {
                UNHEALTHY.clone_into(&mut self.status);
            }
        }
        self.log.push(probe);
        if self.log.len() > KEPT {
            self.log.remove(0);
        }
    }

    /// What `ps` shows in parentheses.
    pub(crate) fn words(&self) -> String {
        match self.status.as_str() {
            STARTING => "health: starting".to_owned(),
            other => other.to_owned(),
        }
    }
}

/// Checks a container again and again on a thread of its own, until its process, held by `process`, ends.
pub(crate) fn watch(
    container: &Container,
    state: &State,
    process: OwnedFd,
) -> Result<(), CommandError> {
    let Some((check, command)) = container
        .record
        .health
        .clone()
        .and_then(|check| check.command().map(|command| (check, command)))
    else {
        return Ok(());
    };
    let (container, state) = (container.clone(), state.clone());
    container.set_health(&Health::default())?;
    std::thread::spawn(move || {
        let started = Instant::now();
        let mut health = Health::default();
        while !ends_within(process.as_fd(), check.pause(&health, started.elapsed())) {
            let probe = probe(&container, &state, &process, (&check, &command));
            // A check that was cut off by the end of the container says nothing.
            if ends_within(process.as_fd(), Duration::ZERO) {
                break;
            }
            health.add(probe, &check, started.elapsed());
            // The next one may be written.
            let _ = container.set_health(&health);
        }
    });
    Ok(())
}

fn probe(
    container: &Container,
    state: &State,
    process: &OwnedFd,
    (check, command): (&Check, &[String]),
) -> Probe {
    let start = timestamp::format(SystemTime::now());
    let timeout = Duration::from_nanos(check.timeout);
    let ran = process
        .try_clone()
        .map_err(|error| CommandError::io("duplicate a descriptor", error))
        .and_then(|process| run(container, state, process, command))
        .and_then(|(child, output)| listen(child, &output, timeout));
    let (exit_code, output) = match ran {
        Ok((Some(code), output)) => (code, output),
        Ok((None, _)) => {
            let seconds = timeout.as_secs_f64();
            (
                -1,
                format!("Health check exceeded timeout ({seconds}s)").into(),
            )
        }
        Err(error) => (-1, error.message().as_bytes().to_vec()),
    };
    Probe {
        start,
        end: timestamp::format(SystemTime::now()),
        exit_code,
        output: String::from_utf8_lossy(&output).into_owned(),
    }
}

fn run(
    container: &Container,
    state: &State,
    process: OwnedFd,
    command: &[String],
) -> Result<(Child, OwnedFd), CommandError> {
    let record: &Record = &container.record;
    let entry = entry(container, state, process)?;
    let program = Program {
        command: command.to_vec(),
        terminal: None,
        ..Program::of(record, None)
    };
    let program = program.process(record, &entry.root()?)?;
    let failed = |error: Errno| CommandError::io("make a pipe", error);
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC).map_err(failed)?;
    let both = rustix::io::fcntl_dupfd_cloexec(&theirs, 3).map_err(failed)?;
    let stdio = Stdio {
        stdout: theirs,
        stderr: both,
        ..Stdio::null()?
    };
    Ok((sandbox::enter(&entry, &program, stdio)?, ours))
}

/// Its exit code and what it wrote; no code if it took too long. Then it is killed.
fn listen(
    mut child: Child,
    output: &OwnedFd,
    timeout: Duration,
) -> Result<(Option<i32>, Vec<u8>), CommandError> {
    let failed = |error: Errno| CommandError::io("hear from the health check", error);
    let until = Instant::now() + timeout;
    let (mut kept, mut open) = (Vec::new(), true);
    let mut buffer = [0; OUTPUT];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let wanted = if open {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let pidfd = child.pidfd();
        let mut fds = [
            PollFd::new(&pidfd, PollFlags::IN),
            PollFd::new(output, wanted),
        ];
        // Of a pipe that is closed there is nothing more to hear.
        let fds = if open { &mut fds[..] } else { &mut fds[..1] };
        match poll(fds, Some(&timespec(left))) {
            Err(Errno::INTR) => continue,
            Ok(0) => {
                child.kill()?;
                child.wait()?;
                return Ok((None, kept));
            }
            polled => polled.map_err(failed)?,
        };
        let (ended, readable) = (
            !fds[0].revents().is_empty(),
            fds.get(1).is_some_and(|fd| !fd.revents().is_empty()),
        );
        if readable {
            let length = rustix::io::read(output, &mut buffer).map_err(failed)?;
            open = length > 0;
            kept.extend_from_slice(&buffer[..length.min(OUTPUT - kept.len())]);
        } else if ended {
            return Ok((Some(child.wait()?.code()), kept));
        }
    }
}

/// Whether a process ends within this time.
fn ends_within(process: BorrowedFd<'_>, time: Duration) -> bool {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match poll(
            &mut [PollFd::new(&process, PollFlags::IN)],
            Some(&timespec(left)),
        ) {
            Err(Errno::INTR) => {}
            polled => return polled != Ok(0),
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec::try_from(time).unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{Check, Health, Probe};
    use oci::{Config, Healthcheck};
    use std::time::Duration;

    fn check(test: &[&str]) -> Check {
        let config = Config {
            healthcheck: Some(Healthcheck {
                test: test.iter().map(|word| (*word).to_owned()).collect(),
                retries: 2,
                start_period: 5,
                ..Healthcheck::default()
            }),
            ..Config::default()
        };
        Check::of_image(&config)
    }

    #[test]
    fn commands() {
        let of = |test: &[&str]| check(test).command().map(|words| words.join(" "));
        assert_eq!(of(&["CMD", "a", "b"]).as_deref(), Some("a b"));
        assert_eq!(
            of(&["CMD-SHELL", "a | b"]).as_deref(),
            Some("/bin/sh -c a | b")
        );
        assert_eq!(of(&["NONE"]), None);
        assert_eq!(of(&[]), None);
        assert_eq!(check(&[]).interval, 30_000_000_000);
    }

    #[test]
    fn failures_in_a_row_count() {
        let check = check(&["CMD", "x"]);
        let probe = |exit_code| Probe {
            start: String::new(),
            end: String::new(),
            exit_code,
            output: String::new(),
        };
        let mut health = Health::default();
        let mut after = |code, nanoseconds| {
            health.add(probe(code), &check, Duration::from_nanos(nanoseconds));
            (
                health.status.clone(),
                health.failing_streak,
                health.log.len(),
            )
        };
        assert_eq!(after(1, 1), ("starting".to_owned(), 0, 1));
        assert_eq!(after(1, 9), ("starting".to_owned(), 1, 2));
        assert_eq!(after(1, 9), ("unhealthy".to_owned(), 2, 3));
        assert_eq!(after(0, 9), ("healthy".to_owned(), 0, 4));
        assert_eq!(after(1, 1).0, "healthy");
        assert_eq!(after(1, 9), ("unhealthy".to_owned(), 2, 5));
    }
}
