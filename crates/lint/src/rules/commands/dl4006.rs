//! A pipe fails where any of its programs does.

use dockerfile::Severity;

use super::pipes;
use super::shells;
use super::stages;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL4006",
    summary: "Set the SHELL option -o pipefail before RUN with a pipe in it. If you are using /bin/sh in an alpine image or if your shell is symlinked to busybox then consider explicitly setting your SHELL to /bin/ash, or disable this check",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A pipe succeeds if its last program does: `curl … | tar x` goes on with half a file, and the layer is cached. With `pipefail`, it fails where any of them does. A pipe anywhere in the script is found, unless the shell has the option: by `SHELL`, in the stage or in one that it stands on, by `set -o pipefail` or `set -euo pipefail` before it in the script, or by the script's `#!` line. Let pass are also shells that are not of this kind (PowerShell, cmd), images that are known to have a shell of their own, and pipes in which only `echo`, `printf` and others like them stand before the last program. Triggers are not looked at. The fix puts a `SHELL` before the first `RUN` of the stage that needs it.",
        bad: "FROM debian:bookworm\nRUN curl -sSf https://example.com/x.tar | tar x\n",
        good: "FROM debian:bookworm\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl -sSf https://example.com/x.tar | tar x\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut mended = None;
    let alike = shells::alike(file);
    let roots = stages::roots(file);
    for run in file.runs().iter().filter(|run| !run.is_trigger) {
        let root = roots.get(run.stage).copied().unwrap_or(run.stage);
        let is_compatible = file.options.compatible;
        let pipe = match is_compatible {
            true => pipes::any(run).filter(|_| !alike.contains(&run.instruction.span.start)),
            false => pipes::unguarded(run).filter(|_| !shells::has_pipefail(file, run, root)),
        };
        let Some(pipe) = pipe else { continue };
        let fix = fix(file, run).filter(|_| mended != Some(run.stage));
        if fix.is_some() {
            mended = Some(run.stage);
        }
        let one = Found::new(run.instruction.span, pipe, RULE.summary).help(format!(
            "put `{}` before the `RUN`",
            shells::better(file, run)
        ));
        found.push(one.fix(fix));
    }
    found
}

fn fix(file: &File<'_>, run: &RunStep<'_>) -> Option<Fix> {
    let has_own_shell = run
        .run
        .heredocs
        .first()
        .is_some_and(|it| it.body.starts_with("#!"));
    let text = format!("{}\n", shells::better(file, run));
    let edit = Edit::insert(run.instruction.span.start, text);
    let fix = Fix::guess("set pipefail by SHELL", [edit]);
    run.fix(fix).filter(|_| !has_own_shell)
}
