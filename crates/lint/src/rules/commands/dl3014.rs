//! Nobody is there to say yes to apt.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::APT;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3014",
    summary: "Use the `-y` switch to avoid manual input `apt-get -y install <package>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`apt-get install` asks whether to go on as soon as it installs more than was named, and a build has nobody to answer: it ends with an error. `-y`, `--yes`, `--assume-yes`, `-qq` and two `-q` are let pass, and, unless hadolint's exact behaviour is wanted, `-o APT::Get::Assume-Yes=true` and `--simulate`.",
        bad: "FROM debian:bookworm\nRUN apt-get install --no-install-recommends git=1:2.39.5-0+deb12u2\n",
        good: "FROM debian:bookworm\nRUN apt-get install -y --no-install-recommends git=1:2.39.5-0+deb12u2\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let install = APT.verb(file, program, &["install"])?;
        if says_yes(program) || !file.options.compatible && needs_no_answer(program) {
            return None;
        }
        let edit = Edit::insert(install.span.end, " -y");
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("write `apt-get install -y`");
        Some(found.fix(run.fix_of(program, Fix::safe("add -y", [edit]))))
    })
}

fn says_yes(program: &Invocation) -> bool {
    let count = |sign: char| {
        let words = program.arguments.iter().map(|word| word.text.as_str());
        let short = words.filter(|word| word.starts_with('-') && !word.starts_with("--"));
        let short = short.map(|word| word.split('=').next().unwrap_or(word));
        short.map(|word| word.matches(sign).count()).sum::<usize>()
    };
    let words = program.arguments.iter();
    let quiet = words.filter(|word| word.text == "--quiet").count();
    program.has_flag(&["y", "yes", "assume-yes"])
        || count('q') == 2
        || quiet == 2
        || program.arguments.iter().any(|word| word.text == "-q=2")
}

/// Whether nothing is asked, whatever hadolint says.
fn needs_no_answer(program: &Invocation) -> bool {
    let is_setting = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("apt::get::assume-yes=") && !text.ends_with("=false")
    };
    program.arguments.iter().any(|word| is_setting(&word.text))
        || program.has_flag(&["s", "simulate", "dry-run", "force-yes", "trivial-only"])
        || program
            .arguments
            .iter()
            .any(|word| word.text.starts_with("-qqq"))
}
