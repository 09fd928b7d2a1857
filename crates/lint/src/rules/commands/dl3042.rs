//! pip leaves no cache behind.

use dockerfile::Severity;

use super::looking::in_runs;
use super::packages;
use super::variables;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3042",
    summary: "Avoid use of cache directory with pip. Use `pip install --no-cache-dir <package>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "pip keeps what it downloads and builds for the next installation, which in an image never comes. `--no-cache-dir` and `PIP_NO_CACHE_DIR` with a true value are let pass, by `ENV` in the stage or one that it stands on, or in the script; so is `--mount=type=cache` or `type=tmpfs` on `.cache/pip`. Unless hadolint's exact behaviour is wanted, deleting the cache in the same `RUN` is, too. `pip3` and `python -m pip` are looked at as `pip` is.",
        bad: "FROM python:3.12\nRUN pip install flask==3.0.3\n",
        good: "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n",
        configure: None,
    },
    find,
};

const VARIABLE: &str = "PIP_NO_CACHE_DIR";

fn find(file: &File<'_>) -> Vec<Found> {
    let is_off = variables::runs_with(file, VARIABLE);
    let is_alike = file.options.compatible;
    in_runs(file, |run| {
        let has_none = is_off.contains(&run.instruction.span.start)
            || variables::is_set_in(run, VARIABLE, is_alike)
            || is_kept_out(run, is_alike);
        let programs = run.invocations();
        let deleted = programs.iter().rposition(|one| deletes(file, one));
        // What is deleted afterwards is not kept.
        let first = match (has_none, is_alike) {
            (true, _) => programs.len(),
            (false, true) => 0,
            (false, false) => deleted.unwrap_or_default(),
        };
        let kept = programs[first..].iter();
        kept.filter_map(|one| look(file, run, one)).collect()
    })
}

fn look(file: &File<'_>, run: &RunStep<'_>, program: &Invocation) -> Option<Found> {
    let install = packages::pip_install(file, program)?;
    if has_no_cache(program, file.options.compatible) {
        return None;
    }
    let edit = Edit::insert(install.verb.span.end, " --no-cache-dir");
    let found = Found::new(run.instruction.span, program.span, RULE.summary)
        .help("write `pip install --no-cache-dir`");
    Some(found.fix(run.fix_of(program, Fix::safe("add --no-cache-dir", [edit]))))
}

fn has_no_cache(program: &Invocation, is_alike: bool) -> bool {
    let mut words = program.arguments.iter().map(|word| word.text.as_str());
    match is_alike {
        true => program.name.text.starts_with("pipx") || words.any(|word| word == "--no-cache-dir"),
        false => words.any(|word| word.starts_with("--no-cache")),
    }
}

/// Whether a program deletes pip's cache.
fn deletes(file: &File<'_>, program: &Invocation) -> bool {
    let is_cache = |text: &str| text.contains("/.cache") || text.contains('$');
    let words = || program.arguments.iter().map(|word| word.text.as_str());
    let is_purge = words().any(|word| word == "purge") && words().any(|word| word == "cache");
    packages::pip(file, program).is_some() && is_purge
        || program.is(&["rm", "find"]) && words().any(is_cache)
}

fn is_kept_out(run: &RunStep<'_>, is_alike: bool) -> bool {
    run.kept_out().any(|target| {
        let is_above = || {
            let target = target.trim_end_matches('/');
            target.ends_with("/.cache") || target == "/root"
        };
        target.contains(".cache/pip") || !is_alike && is_above()
    })
}
