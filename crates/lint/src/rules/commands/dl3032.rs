//! yum leaves no cache behind.

use dockerfile::Severity;

use super::endings::clean_up;
use super::looking::in_runs;
use super::packages::YUM;
use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3032",
    summary: "`yum clean all` missing after yum command.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "What `yum` downloads and knows of its repositories stays in the layer unless the same `RUN` cleans it up behind the installation. `yum clean` and, unless hadolint's exact behaviour is wanted, a deletion of `/var/cache/yum` and a cache mount on it are let pass; for hadolint any `rm -rf` will do.",
        bad: "FROM centos:7\nRUN yum install -y git-1.8.3.1\n",
        good: "FROM centos:7\nRUN yum install -y git-1.8.3.1 && yum clean all\n",
        configure: None,
    },
    find,
};

/// What fills the cache.
const VERBS: [&str; 1] = ["install"];

/// Where it is.
const CACHES: [&str; 1] = ["/var/cache/yum"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_runs(file, |run| {
        let programs = run.invocations();
        let is_install = |one: &&Invocation| YUM.verb(file, one, &VERBS).is_some();
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
        let command = "yum clean all".to_owned();
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help(format!("end the `RUN` with `&& {command}`"));
        vec![found.fix(clean_up(file, run, program, &command))]
    })
}

fn cleans(file: &File<'_>, program: &Invocation, _: &Invocation) -> bool {
    let words: &[&str] = match file.options.compatible {
        true => &["clean", "all"],
        false => &["clean"],
    };
    let is_it = program.is(YUM.names) && program.has_word(words);
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
            true => is_rf(program),
            false => deletes,
        }
}

fn is_kept_out(file: &File<'_>, run: &RunStep<'_>) -> bool {
    let is_in = |target: &str, path: &str| match file.options.compatible {
        true => false,
        false => target.contains(path) || path.starts_with(target),
    };
    let is_cache = |target: &str| CACHES.iter().any(|path| is_in(target, path));
    run.kept_out().any(is_cache)
}

/// For hadolint, any `rm -rf` will do.
fn is_rf(program: &Invocation) -> bool {
    program.is(&["rm"]) && program.arguments.iter().any(|word| word.text == "-rf")
}
