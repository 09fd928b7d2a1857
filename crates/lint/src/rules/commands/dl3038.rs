//! Nobody is there to say yes to dnf.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::DNF;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3038",
    summary: "Use the -y switch to avoid manual input `dnf install -y <package>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`dnf install` asks whether to go on, and a build has nobody to answer: it ends with an error. `-y` and `--assumeyes` are let pass. `groupinstall` and `localinstall` are looked at as `install` is. `microdnf` and `dnf5` are looked at as `dnf` is.",
        bad: "FROM rockylinux:9\nRUN dnf install git-2.43.5 && dnf clean all\n",
        good: "FROM rockylinux:9\nRUN dnf install -y git-2.43.5 && dnf clean all\n",
        configure: None,
    },
    find,
};

const VERBS: [&str; 3] = ["install", "groupinstall", "localinstall"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let verb = DNF.verb(file, program, &VERBS)?;
        if program.has_flag(&["y", "assumeyes"]) {
            return None;
        }
        let edit = Edit::insert(verb.span.end, " -y");
        let help = format!("write `{} {} -y`", program.name.text, verb.text);
        let found = Found::new(run.instruction.span, program.span, RULE.summary).help(help);
        Some(found.fix(run.fix_of(program, Fix::safe("add -y", [edit]))))
    })
}
