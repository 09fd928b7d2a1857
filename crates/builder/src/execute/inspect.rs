//! A shell in the place of a `RUN` that failed.

use sandbox::{Child, Stdio};
use store::Draft;

use super::bind::Held;
use super::run::Prepared;
use super::{Executor, Work};
use crate::Error;
use crate::failed_run::{FailedRun, Terminal};
use crate::step::RunOperation;

/// The shell: every image with a shell has it here, and nothing else is known of the image.
const SHELL: &str = "/bin/sh";

impl Executor<'_> {
    /// Lets whoever wants to look into what a failed command left.
    pub(super) fn let_inspect(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        run: &RunOperation,
        (error, held): (&Error, &mut Held),
    ) {
        let of_the_command = matches!(
            error,
            Error::Exit { .. } | Error::Signal { .. } | Error::Start { .. }
        );
        let Some(inspector) = self.environment.inspector.filter(|_| of_the_command) else {
            return;
        };
        // The first failure ends the build; what fails after it does so because of that.
        if !work.schedule.claim(work.id) {
            return;
        }
        let mut start = |terminal: &Terminal, attach: &mut dyn FnMut(&mut Child)| {
            if self.environment.store.uses_copies() {
                let what = "a shell in the place of a failed RUN";
                return Err(Error::NeedsNamespaces { what });
            }
            held.begin_again();
            shell(self.prepare(work, draft, run, held)?, terminal, attach)
        };
        inspector(&mut FailedRun {
            id: work.id,
            error,
            start: &mut start,
        });
    }
}

/// Starts the shell in the place of the process that was prepared.
fn shell(
    mut prepared: Prepared,
    terminal: &Terminal,
    attach: &mut dyn FnMut(&mut Child),
) -> Result<(), Error> {
    let process = &mut prepared.process;
    process.args = vec![SHELL.into()];
    process.terminal = Some(terminal.size);
    let is_set = |entry: &std::ffi::OsString| entry.as_encoded_bytes().starts_with(b"TERM=");
    if let Some(kind) = &terminal.kind
        && !process.env.iter().any(is_set)
    {
        let mut entry = std::ffi::OsString::from("TERM=");
        entry.push(kind);
        process.env.push(entry);
    }
    let null = Stdio::null().map_err(Error::Sandbox)?;
    let mut child =
        sandbox::spawn(&prepared.sandbox, process, null).map_err(|source| Error::Start {
            command: SHELL.to_owned(),
            source: prepared.emulation.explain(source),
        })?;
    attach(&mut child);
    Ok(())
}
