//! The scripts in a file, for programs that look at shell scripts.

use std::collections::BTreeSet;

use dockerfile::{Parsed, Severity, Source, Span};

use crate::runs::runs;
use crate::shell::Script;

/// What a `RUN` gives to a shell.
#[derive(Clone, Debug)]
pub struct ShellScript {
    /// The `RUN`, or the `ONBUILD` around it.
    pub instruction: Span,
    /// The program that it is for: `/bin/sh`, what `SHELL` names, or the script's first line.
    pub shell: String,
    /// `ARG` and `ENV` above it.
    pub variables: BTreeSet<String>,
    /// The text, which knows where it stands.
    pub script: Script,
}

/// Something that another program found.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    /// Its name for that: `SC2086`.
    pub code: &'a str,
    /// How bad it is to that program.
    pub severity: Severity,
    /// The instruction.
    pub instruction: Span,
}

/// The scripts of all `RUN`s in shell form whose shell is one that can be read.
pub fn scripts(source: &Source, parsed: &Parsed) -> Vec<ShellScript> {
    let file = &parsed.dockerfile;
    let steps = runs(source, file).into_iter();
    let scripts = steps.filter_map(|step| {
        step.script.as_ref()?;
        let script = Script::of_run(source, step.run, file.directives.escape)?;
        let named = script.interpreter().map(str::to_owned);
        Some(ShellScript {
            instruction: step.instruction.span,
            shell: named.or_else(|| step.shell.first().cloned())?,
            variables: step.variables.as_ref().clone(),
            script,
        })
    });
    scripts.collect()
}
