//! The streams between a container, its log, and the user's terminal.

use super::directory::Container;
use super::log::{self, Stream};
use super::stop::SIGKILL;
use crate::command_error::CommandError;
use crate::signals::{self, Forwarder};
use rustix::pipe::{PipeFlags, pipe_with};
use sandbox::{Child, Stdio, send_signal};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the user sees and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    /// Nothing: output goes to the log only.
    Detached,
    /// The output of the container is ours, and our input is its.
    Attached,
    /// The output of the container is ours.
    Output,
}

/// Our ends of a container's standard streams.
#[derive(Debug)]
pub(crate) struct Pipes {
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

/// Makes the pipes. Without `-i` there is nothing to read.
pub(crate) fn pipes(interactive: bool) -> Result<(Stdio, Pipes), CommandError> {
    let failed = |error: rustix::io::Errno| CommandError::io("make a pipe", error);
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(failed);
    let (stdout, stdout_theirs) = pipe()?;
    let (stderr, stderr_theirs) = pipe()?;
    let (stdin_theirs, stdin) = match interactive {
        true => pipe().map(|(theirs, ours)| (theirs, Some(ours)))?,
        false => {
            let null = File::open("/dev/null");
            let null = null.map_err(|error| CommandError::io("open /dev/null", error))?;
            (null.into(), None)
        }
    };
    let theirs = Stdio {
        stdin: stdin_theirs,
        stdout: stdout_theirs,
        stderr: stderr_theirs,
    };
    Ok((
        theirs,
        Pipes {
            stdin,
            stdout,
            stderr,
        },
    ))
}

impl Pipes {
    /// Joins the container's streams with ours. The threads that carry its output end with it.
    pub(crate) fn connect(
        self,
        streams: Streams,
        child: &Child,
        log: Option<Arc<log::Writer>>,
    ) -> Result<Vec<JoinHandle<()>>, CommandError> {
        let attached = streams != Streams::Detached;
        let types = streams == Streams::Attached;
        let failed = |error| CommandError::io("use the container's terminal", error);
        let terminal = child.terminal().map(|fd| fd.try_clone_to_owned());
        let Some(terminal) = terminal.transpose().map_err(failed)? else {
            let mut held = None;
            match self.stdin {
                Some(stdin) if types => send_input(stdin),
                Some(_) if attached => {}
                // A detached container with -i waits for input that never comes, and never ends.
                Some(stdin) => held = Some(stdin),
                None => {}
            }
            let err_log = log.clone();
            return Ok(vec![
                pump(
                    self.stdout,
                    Stream::Stdout,
                    log,
                    attached.then(io::stdout),
                    held,
                ),
                pump(
                    self.stderr,
                    Stream::Stderr,
                    err_log,
                    attached.then(io::stderr),
                    None,
                ),
            ]);
        };
        if types && self.stdin.is_some() {
            send_input(terminal.try_clone().map_err(failed)?);
        }
        Ok(vec![pump(
            terminal,
            Stream::Stdout,
            log,
            attached.then(io::stdout),
            None,
        )])
    }
}

/// Signals go to the container, a new size to its terminal. Who asks to end three times means it.
pub(crate) fn forward(
    child: &Child,
    container: Option<&Container>,
    signals: &Forwarder,
) -> Result<(), CommandError> {
    let failed = |error| CommandError::io("duplicate a descriptor", error);
    let process = child.pidfd().try_clone_to_owned().map_err(failed)?;
    let terminal = child.terminal().map(|fd| fd.try_clone_to_owned());
    let terminal = terminal.transpose().map_err(failed)?;
    let container = container.cloned();
    let mut asked = 0;
    signals.hand_to(Box::new(move |signal| {
        if signal == signals::RESIZED {
            if let Some(terminal) = &terminal
                && let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
            {
                // Only the look of the terminal depends on it.
                let _ = rustix::termios::tcsetwinsize(terminal, size);
            }
            return;
        }
        if signals::asks_to_end(signal) {
            asked += 1;
            // Who asks does not want it to be started again.
            let _ = container.as_ref().map(Container::set_stopped);
        }
        let signal = if asked >= 3 { SIGKILL } else { signal };
        let _ = send_signal(process.as_fd(), signal);
    }));
    Ok(())
}

/// Carries output to the log, and to the user as long as there is one. `held` stays open until the output ends.
fn pump(
    from: OwnedFd,
    stream: Stream,
    log: Option<Arc<log::Writer>>,
    mut to: Option<impl Write + Send + 'static>,
    held: Option<OwnedFd>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let _held = held;
        let mut from = File::from(from);
        let mut buffer = vec![0; 32 << 10];
        loop {
            match from.read(&mut buffer) {
                // A terminal whose other end is closed gives EIO.
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    let bytes = &buffer[..length];
                    let now = nanoseconds_since_1970();
                    // The container goes on when the disk is full or the reader is gone.
                    let _ = log.as_ref().map(|log| log.write(stream, now, bytes));
                    if let Some(out) = &mut to
                        && out.write_all(bytes).and_then(|()| out.flush()).is_err()
                    {
                        to = None;
                    }
                }
            }
        }
    })
}

/// Now, as the log has it.
fn nanoseconds_since_1970() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Carries our input to the container. The thread ends with the input or with the process.
fn send_input(to: OwnedFd) {
    std::thread::spawn(move || {
        let mut to = File::from(to);
        let mut buffer = vec![0; 32 << 10];
        let mut stdin = io::stdin().lock();
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
                Ok(length) if to.write_all(&buffer[..length]).is_err() => break,
                Ok(_) => {}
            }
        }
    });
}
