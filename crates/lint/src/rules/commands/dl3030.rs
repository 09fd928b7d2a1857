//! Nobody is there to say yes to yum.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::YUM;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3030",
    summary: "Use the -y switch to avoid manual input `yum install -y <package>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`yum install` asks whether to go on, and a build has nobody to answer: it ends with an error. `-y` and `--assumeyes` are let pass. `groupinstall` and `localinstall` are looked at as `install` is.",
        bad: "FROM centos:7\nRUN yum install git-1.8.3.1 && yum clean all\n",
        good: "FROM centos:7\nRUN yum install -y git-1.8.3.1 && yum clean all\n",
        configure: None,
    },
    find,
};

const VERBS: [&str; 3] = ["install", "groupinstall", "localinstall"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let verb = YUM.verb(file, program, &VERBS)?;
        if program.has_flag(&["y", "assumeyes"]) {
            return None;
        }
        let edit = Edit::insert(verb.span.end, " -y");
        let help = format!("write `{} {} -y`", program.name.text, verb.text);
        let found = Found::new(run.instruction.span, program.span, RULE.summary).help(help);
        Some(found.fix(run.fix_of(program, Fix::safe("add -y", [edit]))))
    })
}
