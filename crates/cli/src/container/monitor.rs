//! The process that `run -d` leaves behind to own the container: carafe again, in a session of its own.
//!
//! It is started with the container's lock as its standard input, so that the container is owned at every moment, and says on its standard
//! output how the start went. Then both are `/dev/null`.

use super::directory::{Container, Ownership};
use super::owner::Running;
use super::stop::{PATIENCE, SIGKILL};
use crate::command_error::{CommandError, ErrorReport};
use crate::signals::{Forwarder, asks_to_end};
use sandbox::send_signal;
use serde::{Deserialize, Serialize};
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
    Started,
    Failed(ErrorReport),
}

/// Starts the monitor of a container, and waits until the container runs.
pub(crate) fn launch(
    root: &Path,
    container: &Container,
    ownership: Ownership,
) -> Result<(), CommandError> {
    let failed = |error| CommandError::io("start the container's monitor", error);
    let errors = OpenOptions::new()
        .create(true)
        .append(true)
        .open(container.path.join("monitor.log"))
        .map_err(failed)?;
    let mut monitor = Command::new("/proc/self/exe")
        .arg("--root")
        .arg(root)
        .args(["monitor", &container.record.id])
        .current_dir("/")
        .stdin(ownership.lock)
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .map_err(failed)?;
    let mut said = Vec::new();
    if let Some(stdout) = monitor.stdout.take() {
        stdout.take(LIMIT).read_to_end(&mut said).map_err(failed)?;
    }
    match serde_json::from_slice(&said) {
        Ok(Report::Started) => Ok(()),
        Ok(Report::Failed(error)) => Err(error.into()),
        Err(_) => Err(
            CommandError::new("the container's monitor ended without a word").hint(format!(
                "see {}",
                container.path.join("monitor.log").display()
            )),
        ),
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
    pub(crate) fn report(mut report: File, started: Result<(), &CommandError>) {
        let message = match started {
            Ok(()) => Report::Started,
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
    let stop_signal = running.container().record.stop_signal;
    let mut asked = false;
    signals.hand_to(Box::new(move |signal| {
        if !asks_to_end(signal) {
            return;
        }
        let next = if asked { SIGKILL } else { stop_signal };
        let _ = send_signal(process.as_fd(), next);
        if !asked && let Ok(process) = process.try_clone() {
            std::thread::spawn(move || {
                std::thread::sleep(PATIENCE);
                let _ = send_signal(process.as_fd(), SIGKILL);
            });
        }
        asked = true;
    }));
    Ok(())
}
