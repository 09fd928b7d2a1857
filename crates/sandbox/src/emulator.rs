//! The emulator of another machine.
//!
//! The kernel runs them if it has been told by what: binfmt_misc. Since Linux 6.7 it can be told so for one user
//! namespace, by whoever made that. So where the machine has no handler of its own, a process is started that holds a
//! user namespace with one, in which ids mean what they mean here; and a sandbox's process enters it when all else
//! is done. It takes no root, and the machine stays as it is.

mod holder;

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, socketpair};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::machine::Machine;
use crate::protocol::Outcome;
use crate::step::Step;
use crate::sys::{self, StartFailure, Started, Strings};
use crate::{Error, executable};

pub(crate) use holder::{NAME as HOLDER, run as run_holder};

/// Something that runs the programs of another machine, as long as it is held, in its [namespace](Self::namespace).
#[derive(Debug)]
pub(crate) struct Emulator {
    process: OwnedFd,
    /// Closing it ends the process.
    socket: Option<OwnedFd>,
}

impl Emulator {
    /// The user namespace in which the programs run.
    pub(crate) fn namespace(&self) -> Result<OwnedFd, Error> {
        rustix::io::fcntl_dupfd_cloexec(&self.process, 3)
            .map_err(|errno| Error::kernel(Step::Duplicate, "the emulator's namespace", errno))
    }

    /// Starts the process that holds the namespace, and has it register the program.
    ///
    /// # Errors
    /// When the kernel refuses a part of it.
    pub(crate) fn start(machine: &Machine, program: &Path) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, program, flags, Mode::empty());
        let opened = opened.and_then(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 3));
        let opened = opened
            .map_err(|errno| Error::kernel(Step::OpenEmulator, program.to_string_lossy(), errno))?;
        let (started, socket) = start_holder(&opened)?;
        let emulator = Self {
            process: started.pidfd,
            socket: Some(socket),
        };
        emulator.hear()?;
        for map in ["uid_map", "gid_map"] {
            copy_map(started.pid, map)?;
        }
        let rule = holder::rule(machine, opened.as_raw_fd());
        rustix::net::send(emulator.socket(), &rule, SendFlags::NOSIGNAL)
            .map_err(|errno| Error::kernel(Step::Channel, "", errno))?;
        emulator.hear()?;
        Ok(emulator)
    }

    /// Waits until the process has done the next part.
    fn hear(&self) -> Result<(), Error> {
        match Outcome::next(self.socket()) {
            Ok(Outcome::Executed) => Ok(()),
            Ok(Outcome::Failed(failure)) => {
                let object = String::from_utf8_lossy(&failure.object).into_owned();
                Err(Error::of_child(failure.step, object, failure.errno))
            }
            Ok(Outcome::Silent) => Err(Error::Lost {
                how: "without a word".to_owned(),
            }),
            Err(errno) => Err(Error::kernel(Step::Listen, "", errno)),
        }
    }

    fn socket(&self) -> &OwnedFd {
        self.socket.as_ref().expect("it is closed by drop")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.socket.take());
        let _ = waitid(WaitId::PidFd(self.process.as_fd()), WaitIdOptions::EXITED);
    }
}

/// Starts this executable as the process that holds the namespace.
fn start_holder(program: &OwnedFd) -> Result<(Started, OwnedFd), Error> {
    let channel = |errno| Error::kernel(Step::Channel, "", errno);
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, flags, None).map_err(channel)?;
    let theirs = rustix::io::fcntl_dupfd_cloexec(theirs, 3).map_err(channel)?;
    let numbers = [theirs.as_raw_fd(), program.as_raw_fd()];
    let arguments = [HOLDER, &numbers[0].to_string(), &numbers[1].to_string()]
        .map(|argument| CString::new(argument).expect("none has a NUL byte"));
    let arguments = Strings::new(arguments.into());
    let started = sys::clone_and_execute(0, executable::protected()?, &arguments, &numbers);
    let started = started.map_err(|failure| match failure {
        StartFailure::Clone(errno) => Error::kernel(Step::Clone, "", errno),
        StartFailure::Execute(errno) => Error::kernel(Step::ExecuteSelf, "", errno),
    })?;
    Ok((started, ours))
}

/// Gives another process's new user namespace the ids of this one, with the same numbers.
fn copy_map(pid: u32, map: &str) -> Result<(), Error> {
    let file = format!("/proc/{pid}/{map}");
    let failed = |source| Error::Kernel {
        step: Step::MapIds,
        object: file.clone(),
        source,
    };
    let own = fs::read_to_string(format!("/proc/self/{map}")).map_err(failed)?;
    fs::write(&file, same_ids(&own)).map_err(failed)
}

/// The lines of a map (user_namespaces(7)) with the first column twice: from this namespace's ids to themselves.
fn same_ids(map: &str) -> String {
    let lines = map.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (inside, _outside, count) = (fields.next()?, fields.next()?, fields.next()?);
        Some(format!("{inside} {inside} {count}\n"))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::same_ids;

    #[test]
    fn ids_are_mapped_to_themselves() {
        let map = "         0      54321          1\n         1     100000      65536\n";
        assert_eq!(same_ids(map), "0 0 1\n1 1 65536\n");
    }
}
