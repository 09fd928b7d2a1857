//! wget does not draw its progress into a log.

use std::collections::BTreeSet;

use dockerfile::Severity;

use super::looking::in_programs;
use super::stages;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3047",
    summary: "Avoid use of wget without progress bar. Use `wget --progress=dot:giga <url>`. Or consider using `-q` or `-nv` (shorthands for `--quiet` or `--no-verbose`).",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Without a terminal, `wget` writes a line for every 50 KB, which buries the rest of the log. `--progress`, `-q`, `-nv`, and `-o` or `-a` with a file for the log are let pass. The fix adds `--progress=dot:giga`, which GNU's wget knows; it is a guess where nothing in the stage says that it is not that of BusyBox, for which `-q` is added if the base is Alpine or BusyBox.",
        bad: "FROM debian:bookworm\nRUN wget https://example.com/file\n",
        good: "FROM debian:bookworm\nRUN wget --progress=dot:giga https://example.com/file\n",
        configure: None,
    },
    find,
};

const QUIET: [&str; 9] = [
    "progress",
    "q",
    "quiet",
    "nv",
    "no-verbose",
    "o",
    "output-file",
    "a",
    "append-output",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let gnu = with_gnu(file);
    let roots = stages::roots(file);
    in_programs(file, |run, program| {
        if !program.is(&["wget"]) || program.has_flag(&QUIET) || !is_loud(file, program) {
            return None;
        }
        let root = roots
            .get(run.stage)
            .and_then(|root| file.dockerfile.stages.get(*root));
        let base = root.map_or("", |stage| &stage.base.text);
        let fix = fix(program, base, gnu.contains(&run.stage));
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("write `wget --progress=dot:giga`");
        Some(found.fix(run.fix_of(program, fix)))
    })
}

/// The stages whose wget is that of GNU: BusyBox has one of its own.
fn with_gnu(file: &File<'_>) -> BTreeSet<usize> {
    let is_gnu = |one: &Invocation| match one.name.text.as_str() {
        "apt-get" | "apt" | "yum" | "dnf" | "zypper" => true,
        "apk" => one.has_word(&["wget"]),
        _ => false,
    };
    let runs = file.runs().iter();
    let runs = runs.filter(|run| run.invocations().iter().any(is_gnu));
    runs.map(|run| run.stage).collect()
}

/// Whether it downloads something at all; for hadolint it always does.
fn is_loud(file: &File<'_>, program: &Invocation) -> bool {
    file.options.compatible || !program.has_flag(&["version", "help", "V", "h"])
}

fn fix(program: &Invocation, base: &str, is_gnu: bool) -> Fix {
    let end = program.name.span.end;
    let is_busybox = base.contains("alpine") || base.contains("busybox");
    let dots = [Edit::insert(end, " --progress=dot:giga")];
    match (is_gnu, is_busybox) {
        (true, _) => Fix::safe("add --progress=dot:giga", dots),
        (_, true) => Fix::guess("add -q", [Edit::insert(end, " -q")]),
        _ => Fix::guess("add --progress=dot:giga", dots),
    }
}
