//! zypper leaves no cache behind.

use dockerfile::Severity;

use super::endings::clean_up;
use super::looking::in_runs;
use super::packages::ZYPPER;
use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3036",
    summary: "`zypper clean` missing after zypper use.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "What `zypper` downloads and knows of its repositories stays in the layer unless the same `RUN` cleans it up behind the installation. `zypper clean` and `zypper cc` are let pass, and so is `--mount=type=cache` or `type=tmpfs` on `/var/cache/zypp`. A deletion of that folder is let pass unless hadolint's exact behaviour is wanted.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper -n install git=2.43.0\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n install git=2.43.0 && zypper clean --all\n",
        configure: None,
    },
    find,
};

/// What fills the cache.
const VERBS: [&str; 2] = ["install", "in"];

/// Where it is.
const CACHES: [&str; 1] = ["/var/cache/zypp"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_runs(file, |run| {
        let programs = run.invocations();
        let is_install = |one: &&Invocation| ZYPPER.verb(file, one, &VERBS).is_some();
        let Some(at) = programs.iter().position(|one| is_install(&one)) else {
            return Vec::new();
        };
        let program = &programs[at];
        // For hadolint, a cleaning before it voids those behind.
        let before = match file.options.compatible {
            true => &programs[..=at],
            false => &[],
        };
        let cleans = |one: &Invocation| cleans(file, one, program);
        let is_clean = programs[at + 1..].iter().any(cleans) && !before.iter().any(cleans);
        if is_clean || is_kept_out(file, run) {
            return Vec::new();
        }
        let command = "zypper clean --all".to_owned();
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help(format!("end the `RUN` with `&& {command}`"));
        vec![found.fix(clean_up(file, run, program, &command))]
    })
}

fn cleans(file: &File<'_>, program: &Invocation, _: &Invocation) -> bool {
    let is_it = program.is(ZYPPER.names) && program.has_word(&["clean", "cc"]);
    let removes = |text: &str| {
        CACHES
            .iter()
            .any(|path| text.contains(path) || text == "/var/cache")
    };
    let deletes = program.is(&["rm", "find"]) && {
        let mut words = program.arguments.iter();
        words.any(|word| removes(word.text.trim_end_matches(['*', '/'])))
    };
    is_it
        || match file.options.compatible {
            true => false,
            false => deletes,
        }
}

fn is_kept_out(file: &File<'_>, run: &RunStep<'_>) -> bool {
    let is_in = |target: &str, path: &str| match file.options.compatible {
        true => target.contains("/var/cache/zypp"),
        false => target.contains(path) || path.starts_with(target),
    };
    let is_cache = |target: &str| CACHES.iter().any(|path| is_in(target, path));
    run.kept_out().any(is_cache)
}
