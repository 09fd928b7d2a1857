//! A `RUN` that failed, before what it left is thrown away.

use std::ffi::OsString;

use sandbox::{Child, WindowSize};

use crate::{Error, StepId};

/// A failed `RUN`, for whoever wants to look into it: its files are there, and its mounts can be had again. All other
/// steps are told to stop.
pub struct FailedRun<'a> {
    /// The step.
    pub id: StepId,
    /// Why it failed.
    pub error: &'a Error,
    pub(crate) start: &'a mut Starter<'a>,
}

/// Starts a shell on a terminal, and hands it to somebody.
pub(crate) type Starter<'a> =
    dyn FnMut(&Terminal, &mut dyn FnMut(&mut Child)) -> Result<(), Error> + 'a;

/// Looks into a failed `RUN`. The build goes on to fail when it returns. Called at most once in a build.
pub type Inspector<'a> = dyn Fn(&mut FailedRun<'_>) + Sync + 'a;

/// The terminal that a shell is for.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// Its size.
    pub size: WindowSize,
    /// Its kind (`TERM`).
    pub kind: Option<OsString>,
}

impl FailedRun<'_> {
    /// Starts the image's `/bin/sh` in the state that the command left: on its files, with its mounts (a tmpfs is empty
    /// again), environment, user and working directory. `attach` gets the process, which has a terminal; whatever is
    /// left of it is killed when `attach` returns.
    ///
    /// # Errors
    /// When there is no `/bin/sh`, or the mounts cannot be had again.
    pub fn shell(
        &mut self,
        terminal: &Terminal,
        attach: &mut dyn FnMut(&mut Child),
    ) -> Result<(), Error> {
        (self.start)(terminal, attach)
    }
}

impl std::fmt::Debug for FailedRun<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FailedRun")
            .field("id", &self.id)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
