//! `--on-error=shell`: a shell where a `RUN` failed.

use super::{Session, summary};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::output;
use crate::progress::Progress;
use crate::terminal::raw_mode::RawMode;
use crate::terminal::{self, clean};
use builder::{FailedRun, Terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use sandbox::{Child, WindowSize};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// How often it is looked whether to stop, and whether the window has another size.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// The user's terminal, for a shell.
#[derive(Debug)]
pub(super) struct FailureShell {
    /// Where keys come from.
    keys: OwnedFd,
    /// Where the shell's output goes.
    screen: OwnedFd,
    kind: Option<OsString>,
}

impl FailureShell {
    /// Takes the terminal, or says that there is none: now, not when a step has failed after an hour.
    pub(super) fn new(config: &Config) -> Result<Self, CommandError> {
        let wrong = |what: &str| {
            CommandError::usage(format!("--on-error=shell needs {what}"))
                .hint("leave it out where nobody types")
        };
        if !terminal::is_terminal(io::stdin()) {
            return Err(wrong("a terminal on standard input"));
        }
        let failed = |error| CommandError::io("use the terminal", error);
        let duplicate = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map_err(failed);
        let keys = duplicate(io::stdin().as_fd())?;
        // Terminals are usually opened for both; else there must be another way to them.
        let flags = rustix::fs::fcntl_getfl(&keys).map_err(|errno| failed(errno.into()))?;
        let screen = match flags & OFlags::RWMODE {
            OFlags::RDWR => duplicate(io::stdin().as_fd())?,
            _ if terminal::is_terminal(io::stderr()) => duplicate(io::stderr().as_fd())?,
            _ => return Err(wrong("a terminal on standard error")),
        };
        Ok(Self {
            keys,
            screen,
            kind: config.variable("TERM"),
        })
    }

    /// Opens the shell, and returns when it has ended or the build is to stop.
    pub(super) fn open(
        &self,
        failed: &mut FailedRun<'_>,
        progress: &Progress,
        session: &Session<'_>,
    ) {
        let style = session.config.style();
        for step in progress.pause() {
            output::note(&summary::failed_step(&step, style));
        }
        output::note(&format!(
            "\n{} {}. This is a shell in its place: its files, mounts, variables and user.\n\
             What is changed here is thrown away. Leave it (`exit`, or Ctrl-D) to end the build.\n",
            style.bold("on-error:"),
            words(failed.error),
        ));
        let terminal = Terminal {
            size: self.size(),
            kind: self.kind.clone(),
        };
        let mut attached = Ok(());
        let opened = failed.shell(&terminal, &mut |child| {
            attached = self.attach(child, &session.cancel);
        });
        if let Err(error) = opened {
            let why = words(&error);
            output::note(&format!("{} no shell: {why}\n", style.bold("on-error:")));
        }
        if let Err(error) = attached {
            let why = clean::line(error.to_string().as_bytes());
            output::note(&format!(
                "{} the terminal is lost: {why}\n",
                style.bold("on-error:")
            ));
        }
        progress.resume();
    }

    fn size(&self) -> WindowSize {
        let (columns, rows) = terminal::size(&self.screen);
        let narrow = |number| u16::try_from(number).unwrap_or(u16::MAX);
        WindowSize {
            rows: narrow(rows),
            columns: narrow(columns),
        }
    }

    /// Joins the shell's terminal with the user's, until there is no more to come from it.
    fn attach(&self, child: &mut Child, cancel: &AtomicBool) -> Result<(), Errno> {
        let Some(controlling) = child.terminal() else {
            return Ok(());
        };
        let shells = rustix::io::fcntl_dupfd_cloexec(controlling, 3)?;
        let _raw = RawMode::enter(&self.keys)?;
        let mut size = self.size();
        // What was typed and not yet taken.
        let mut typed: Vec<u8> = Vec::new();
        let mut buffer = vec![0; 32 << 10];
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Ok(());
            }
            let now = self.size();
            if now != size {
                size = now;
                // Only the look depends on it.
                let _ = child.resize(size);
            }
            let (keys, shell) = self.wait(&shells, typed.is_empty())?;
            if shell.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                match rustix::io::read(&shells, &mut buffer) {
                    // A terminal whose other end is closed gives EIO.
                    Ok(0) | Err(Errno::IO) => return Ok(()),
                    Ok(length) => write_all(&self.screen, &buffer[..length])?,
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(errno) => return Err(errno),
                }
            }
            if shell.contains(PollFlags::OUT) && !typed.is_empty() {
                let taken = rustix::io::write(&shells, &typed)?;
                typed.drain(..taken);
            }
            if !keys.is_empty() {
                match rustix::io::read(&self.keys, &mut buffer[..256]) {
                    // The user's terminal is gone.
                    Ok(0) | Err(Errno::IO) => return Ok(()),
                    Ok(length) => typed.extend(&buffer[..length]),
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(errno) => return Err(errno),
                }
            }
        }
    }

    /// Waits for something to do: with the user's keys, if they are wanted, and with the shell's terminal.
    fn wait(&self, shells: &OwnedFd, wants_keys: bool) -> Result<(PollFlags, PollFlags), Errno> {
        let (keys, shell) = match wants_keys {
            true => (PollFlags::IN, PollFlags::IN),
            false => (PollFlags::empty(), PollFlags::IN | PollFlags::OUT),
        };
        let mut fds = [PollFd::new(shells, shell), PollFd::new(&self.keys, keys)];
        match poll(&mut fds, Some(&LOOK)) {
            Ok(_) => Ok((fds[1].revents(), fds[0].revents())),
            Err(Errno::INTR) => Ok((PollFlags::empty(), PollFlags::empty())),
            Err(errno) => Err(errno),
        }
    }
}

/// What happened, in a line.
fn words(error: &builder::Error) -> String {
    match error {
        builder::Error::Exit { code, .. } => format!("the command failed with exit code {code}"),
        builder::Error::Signal { signal, .. } => {
            format!("the command was ended by signal {signal}")
        }
        builder::Error::Start { source, .. } => clean::line(source.to_string().as_bytes()),
        other => clean::line(other.to_string().as_bytes()),
    }
}

fn write_all(to: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Another program has made the terminal not wait.
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(to, PollFlags::OUT)];
                let _ = poll(&mut fds, Some(&LOOK));
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
