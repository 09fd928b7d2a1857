//! A process that tries to make a user namespace, and holds it as long as it is held itself: this executable again.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;

use super::refusal::refused;
use crate::Error;
use crate::spawn::check_child_entry;
use crate::step::Step;
use crate::sys;

/// First argument of the process.
pub(crate) const NAME: &str = "step-try-namespace";

/// The process, in its namespace.
pub(crate) struct Trial {
    process: Child,
}

impl Trial {
    /// Starts the process.
    ///
    /// # Errors
    /// What forbids the namespace.
    pub(crate) fn start() -> Result<Self, Error> {
        check_child_entry()?;
        let failed = |source| Error::Kernel {
            step: Step::StartTrial,
            object: String::new(),
            source,
        };
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0(NAME)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut trial = Self {
            process: command.spawn().map_err(failed)?,
        };
        let mut answer = [0; 4];
        if let Some(pipe) = &mut trial.process.stdout {
            pipe.read_exact(&mut answer).map_err(failed)?;
        }
        match i32::from_ne_bytes(answer) {
            0 => Ok(trial),
            errno => Err(refused(Errno::from_raw_os_error(errno))),
        }
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Is the process.
pub(crate) fn run() -> ! {
    let errno = match sys::unshare_user_and_mounts() {
        Ok(()) => 0,
        Err(errno) => errno.raw_os_error(),
    };
    let mut to = std::io::stdout();
    let told = to.write_all(&errno.to_ne_bytes()).and_then(|()| to.flush());
    if told.is_ok() && errno == 0 {
        // Until the other end is closed, by whatever.
        let _ = std::io::stdin().read(&mut [0]);
    }
    std::process::exit(0)
}
