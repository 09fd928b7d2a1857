//! wget does not draw its progress into a log.

use dockerfile::Severity;

use super::looking::in_programs;
use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3047",
    summary: "Avoid use of wget without progress bar. Use `wget --progress=dot:giga <url>`. Or consider using `-q` or `-nv` (shorthands for `--quiet` or `--no-verbose`).",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
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
    in_programs(file, |run, program| {
        if !program.is(&["wget"]) || program.has_flag(&QUIET) || !is_loud(file, program) {
            return None;
        }
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("write `wget --progress=dot:giga`");
        Some(found.fix(run.fix_of(program, fix(file, run, program))))
    })
}

/// Whether it downloads something at all; for hadolint it always does.
fn is_loud(file: &File<'_>, program: &Invocation) -> bool {
    file.options.compatible || !program.has_flag(&["version", "help", "V", "h"])
}

fn fix(file: &File<'_>, run: &RunStep<'_>, program: &Invocation) -> Fix {
    let end = program.name.span.end;
    let base = base_of(file, run.stage);
    let is_of = |names: [&str; 2]| names.iter().any(|name| base.contains(name));
    let in_stage = file.runs().iter().filter(|other| other.stage == run.stage);
    let mut programs = in_stage.flat_map(|other| other.invocations());
    // BusyBox has one of its own, unless GNU's is installed.
    let is_gnu = programs.any(|one| match one.name.text.as_str() {
        "apt-get" | "apt" | "yum" | "dnf" | "zypper" => true,
        "apk" => one.has_word(&["wget"]),
        _ => false,
    });
    let dots = [Edit::insert(end, " --progress=dot:giga")];
    match (is_gnu, is_of(["alpine", "busybox"])) {
        (true, _) => Fix::safe("add --progress=dot:giga", dots),
        (_, true) => Fix::guess("add -q", [Edit::insert(end, " -q")]),
        _ => Fix::guess("add --progress=dot:giga", dots),
    }
}

/// The image that a stage stands on in the end.
fn base_of<'a>(file: &'a File<'_>, stage: usize) -> &'a str {
    let stages = &file.analysis.stages;
    let mut index = stage;
    while let Some(parent) = stages.get(index).and_then(|stage| stage.parent) {
        index = parent;
    }
    stages
        .get(index)
        .map_or("", |stage| stage.base.text.as_str())
}
