//! Nobody is there to answer zypper.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::ZYPPER;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3034",
    summary: "Non-interactive switch missing from `zypper` command: `zypper install -y`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`zypper` asks whether to go on, and a build has nobody to answer: it ends with an error. Looked at are `install`, `remove`, `source-install` and `patch` with their short forms. `-n`, `--non-interactive`, `-y` and `--no-confirm` are let pass.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper remove git && zypper clean\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n remove git && zypper clean\n",
        configure: None,
    },
    find,
};

const VERBS: [&str; 7] = [
    "install",
    "in",
    "remove",
    "rm",
    "source-install",
    "si",
    "patch",
];
const SWITCHES: [&str; 4] = ["n", "non-interactive", "y", "no-confirm"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        ZYPPER.verb(file, program, &VERBS)?;
        if program.has_flag(&SWITCHES) {
            return None;
        }
        let edit = Edit::insert(program.name.span.end, " -n");
        let found =
            Found::new(run.instruction.span, program.span, RULE.summary).help("write `zypper -n`");
        Some(found.fix(run.fix_of(program, Fix::safe("add -n", [edit]))))
    })
}
