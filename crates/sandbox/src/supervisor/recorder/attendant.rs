//! Who waits for the first question about owners, in carafe.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use super::super::{Power, Supervisor, above_streams, failed};
use super::{LastIds, NAME, process};
use crate::Error;

/// A thread that starts the recorder when there is something to record. It ends with the sandbox's process.
///
/// It has to be one of its own: what a thread starts ends with that thread, and who started the sandbox waits for other things.
#[derive(Debug)]
pub(crate) struct Attendant(JoinHandle<Option<String>>);

/// What it needs to know.
struct Place {
    listener: OwnedFd,
    /// The first process of the sandbox.
    process: OwnedFd,
    last: LastIds,
    /// The number of the user namespace that the sandbox's IDs are of.
    namespace: u64,
    power: Power,
}

impl Attendant {
    /// For the sandbox whose first process is `process`, in the user namespace with this number.
    pub(crate) fn start(
        listener: OwnedFd,
        process: BorrowedFd<'_>,
        (last, namespace, power): (LastIds, u64, Power),
    ) -> Result<Self, Error> {
        let place = Place {
            listener: above_streams(listener).map_err(failed)?,
            process: rustix::io::fcntl_dupfd_cloexec(process, 3).map_err(failed)?,
            last,
            namespace,
            power,
        };
        let thread = std::thread::Builder::new().spawn(move || place.attend());
        thread
            .map(Self)
            .map_err(|e| failed(Errno::from_io_error(&e).unwrap_or(Errno::AGAIN)))
    }

    /// When the process has ended: how the recorder was lost before, if it was.
    pub(crate) fn finish(self) -> Option<String> {
        self.0
            .join()
            .unwrap_or_else(|_| Some("its thread panicked".to_owned()))
    }
}

impl Place {
    fn attend(self) -> Option<String> {
        if !self.is_asked() {
            return None;
        }
        let lost = match self.start() {
            Err(error) => Some(error.to_string()),
            Ok(recorder) => {
                // Nobody else keeps it, so that calls fail when the recorder is lost.
                drop(self.listener);
                recorder.wait_for(self.process.as_fd());
                recorder.failure()
            }
        };
        if lost.is_some() {
            // Files would be another's from now on. It may have ended.
            let _ = pidfd_send_signal(&self.process, Signal::KILL);
        }
        lost
    }

    /// Waits for the first question; no if the process ends before.
    fn is_asked(&self) -> bool {
        let mut either = [
            PollFd::new(&self.process, PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
        ];
        while poll(&mut either, None) == Err(Errno::INTR) {}
        either[1].revents().contains(PollFlags::IN)
    }

    fn start(&self) -> Result<Supervisor, Error> {
        let descriptors = [self.listener.as_raw_fd(), self.process.as_raw_fd()];
        let arguments = process::arguments(descriptors, self.last, self.namespace, self.power);
        Supervisor::execute(NAME, arguments, descriptors)
    }
}
