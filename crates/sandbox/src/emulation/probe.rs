//! Whether the programs of a machine run here: by running one.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::emulator::Emulator;
use crate::machine::Machine;
use crate::mount::{self, PLAIN};
use crate::step::Step;
use crate::{Error, Exit, Network, Process, Sandbox, Stdio, User, spawn};

const PROBE: &str = "probe";

/// Runs the smallest program of a machine in a sandbox, where nothing of this machine is to be found: a handler that
/// has to find its emulator by its name is none.
pub(super) fn runs(machine: &Machine, emulator: Option<&Emulator>) -> Result<bool, Error> {
    let root = root(&machine.probe()).map_err(|errno| Error::kernel(Step::Scratch, "", errno))?;
    let sandbox = Sandbox {
        network: Network::Host,
        user_namespace: emulator.map(Emulator::namespace).transpose()?,
        ..Sandbox::new(root)
    };
    let process = Process {
        args: vec![format!("/{PROBE}").into()],
        env: Vec::new(),
        cwd: "/".into(),
        user: User::default(),
        terminal: None,
    };
    match spawn(&sandbox, &process, Stdio::null()?).and_then(|mut child| child.wait()) {
        Ok(exit) => Ok(exit == Exit::Code(0)),
        Err(error) if is_foreign(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether an error can come from a program's being for another machine: the kernel does not know the format, or has a
/// handler whose emulator is not in the sandbox.
pub(super) fn is_foreign(error: &Error) -> bool {
    match error {
        Error::InterpreterNotFound { .. } => true,
        Error::ProgramNotExecutable { source, .. } => {
            Errno::from_io_error(source) == Some(Errno::NOEXEC)
        }
        _ => false,
    }
}

/// A root that has only the program.
fn root(program: &[u8]) -> Result<OwnedFd, Errno> {
    let root = mount::new("tmpfs", &[("mode", "0755")], PLAIN)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&root, PROBE, flags, Mode::from_raw_mode(0o755))?;
    File::from(file)
        .write_all(program)
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    Ok(root)
}
