//! The process that `run -d` leaves behind to own the container: carafe again, in a session of its own.
//!
//! It is started with the container's lock as its standard input, so that the container is owned at every moment, and says on its standard
//! output how the start went. Then both are `/dev/null`.

use super::directory::{Container, Ownership};
use super::owner::Running;
use super::stop::{self, SIGKILL};
use crate::command_error::{CommandError, ErrorReport};
use crate::signals::{Forwarder, asks_to_end};
use sandbox::send_signal;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};

/// Messages are short; what is longer is no message.
const LIMIT: u64 = 1 << 20;

/// What the monitor says when it has tried to start the container.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    Started { warnings: Vec<String> },
    Failed(ErrorReport),
}

/// Starts the monitor of a container, and waits until the container runs. Answers what the user should know.
pub(crate) fn launch(
    root: &Path,
    container: &Container,
    ownership: Ownership,
) -> Result<Vec<String>, CommandError> {
    let failed = |error| CommandError::io("start the container's monitor", error);
    let log = container.path.join("monitor.log");
    let errors = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .map_err(failed)?;
    let mut monitor = Command::new("/proc/self/exe");
    monitor
        .arg("--root")
        .arg(root)
        .args(["monitor", &container.record.id])
        .stdin(ownership.lock)
        .stderr(errors);
    let hint = format!("see {}", log.display());
    start(monitor).map_err(|error| error.unwrap_or_else(|| silent().hint(hint)))
}

/// Leaves carafe behind with this command line, as `exec -d` does; it has to [take over](Launched::take_over). Waits until
/// it has said how the start went.
pub(crate) fn leave_behind(line: Vec<OsString>) -> Result<(), CommandError> {
    let mut command = Command::new("/proc/self/exe");
    command
        .args(line)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    start(command).map_err(|error| error.unwrap_or_else(silent))?;
    Ok(())
}

fn silent() -> CommandError {
    CommandError::new("the process in the background ended without a word")
}

/// Starts it and hears its report; no error where it gave none.
fn start(mut command: Command) -> Result<Vec<String>, Option<CommandError>> {
    let failed = |error| Some(CommandError::io("start a process in the background", error));
    let mut process = command
        .current_dir("/")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut said = Vec::new();
    if let Some(stdout) = process.stdout.take() {
        stdout.take(LIMIT).read_to_end(&mut said).map_err(failed)?;
    }
    match serde_json::from_slice(&said) {
        Ok(Report::Started { warnings }) => Ok(warnings),
        Ok(Report::Failed(error)) => Err(Some(error.into())),
        Err(_) => Err(None),
    }
}

/// The monitor's own side of the start.
#[derive(Debug)]
pub(crate) struct Launched {
    /// The right to own the container.
    pub(crate) ownership: Ownership,
    report: File,
}

impl Launched {
    /// Leaves the user's session and takes over what [`launch`] passed.
    pub(crate) fn take_over() -> Result<Self, CommandError> {
        let failed = |error: std::io::Error| CommandError::io("leave the session", error);
        // A process that leads a group already cannot; then it was not `launch` that started it.
        rustix::process::setsid().map_err(|error| failed(error.into()))?;
        let lock = std::io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(failed)?;
        let report = std::io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(failed)?;
        let this = Self {
            ownership: Ownership { lock: lock.into() },
            report: report.into(),
        };
        this.silence().map_err(failed)?;
        Ok(this)
    }

    fn silence(&self) -> std::io::Result<()> {
        let null = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        Ok(())
    }

    /// Says how the start went.
    pub(crate) fn report(mut report: File, started: Result<&[String], &CommandError>) {
        let message = match started {
            Ok(warnings) => Report::Started {
                warnings: warnings.to_vec(),
            },
            Err(error) => Report::Failed(error.report()),
        };
        // Nobody listens any more if `run -d` was killed; the container runs all the same.
        let _ = serde_json::to_writer(&mut report, &message);
        let _ = report.flush();
    }

    /// The two parts.
    pub(crate) fn into_parts(self) -> (Ownership, File) {
        (self.ownership, self.report)
    }
}

/// A signal that asks the monitor to end asks the container, and ends it if it does not follow.
pub(crate) fn end_with(running: &Running, signals: &Forwarder) -> Result<(), CommandError> {
    let process: OwnedFd = running
        .child
        .pidfd()
        .try_clone_to_owned()
        .map_err(|error| CommandError::io("duplicate a descriptor", error))?;
    let container = running.container().clone();
    let stop_signal = container.record.stop_signal;
    let patience = stop::patience(container.record.stop_timeout);
    let mut asked = false;
    signals.hand_to(Box::new(move |signal| {
        if !asks_to_end(signal) {
            return;
        }
        let _ = container.set_stopped();
        let next = if asked { SIGKILL } else { stop_signal };
        let _ = send_signal(process.as_fd(), next);
        if !asked
            && let Some(patience) = patience
            && let Ok(process) = process.try_clone()
        {
            std::thread::spawn(move || {
                std::thread::sleep(patience);
                let _ = send_signal(process.as_fd(), SIGKILL);
            });
        }
        asked = true;
    }));
    Ok(())
}
