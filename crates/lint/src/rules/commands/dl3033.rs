//! yum installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::YUM;
use super::{pins, streams};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3033",
    summary: "Specify version with `yum install -y <package>-<version>`.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A package counts as pinned if a `-` in its name is followed by a digit or a variable (`git-2.43`, `git-$VERSION`), or if it is an `.rpm` file, a path or an address. Modules (`module install`) are pinned by `name:stream`. Groups have no versions and are let pass.",
        bad: "FROM rockylinux:9\nRUN yum install -y git && yum clean all\n",
        good: "FROM rockylinux:9\nRUN yum install -y git-2.43.5 && yum clean all\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let arguments = streams::arguments(file);
    in_programs(file, |run, program| {
        let package = streams::unpinned(file, run, program, &YUM, &arguments)?;
        let help = pins::advice(package, "-");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}
