//! How rules go through what `RUN`s execute.

use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::Found;
use crate::runs::RunStep;

/// What a rule finds in each `RUN`; where hadolint's exact behaviour is wanted, one thing at most.
pub(crate) fn in_runs(file: &File<'_>, look: impl Fn(&RunStep<'_>) -> Vec<Found>) -> Vec<Found> {
    let mut all = Vec::new();
    for run in file.runs() {
        let mut found = look(run);
        if file.options.compatible {
            found.truncate(1);
        }
        all.append(&mut found);
    }
    all
}

/// What a rule finds in each program that is started.
pub(crate) fn in_programs(
    file: &File<'_>,
    look: impl Fn(&RunStep<'_>, &Invocation) -> Option<Found>,
) -> Vec<Found> {
    in_runs(file, |run| {
        let programs = run.invocations().iter();
        programs.filter_map(|one| look(run, one)).collect()
    })
}
