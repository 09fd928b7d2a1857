//! dnf installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::DNF;
use super::pins;
use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3041",
    summary: "Specify version with `dnf install -y <package>-<version>`.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A package counts as pinned if a `-` in its name is followed by a digit or a variable (`git-2.43`, `git-$VERSION`), or if it is an `.rpm` file, a path or an address. Modules (`module install`) are pinned by `name:stream`. Groups have no versions and are let pass. `microdnf` and `dnf5` are looked at as `dnf` is.",
        bad: "FROM rockylinux:9\nRUN dnf install -y git && dnf clean all\n",
        good: "FROM rockylinux:9\nRUN dnf install -y git-2.43.5 && dnf clean all\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let packages = DNF.install(file, program, &["install"])?.packages;
        let package = unpinned(program, packages, is_alike)?;
        let help = format!("write `{}-VERSION`", package.text);
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}

fn unpinned<'i>(
    program: &Invocation,
    packages: Vec<&'i Argument>,
    is_alike: bool,
) -> Option<&'i Argument> {
    let is_module = program.has_word(&["module"]);
    if program.has_word(&["group"]) {
        return None;
    }
    let mut packages = packages.into_iter();
    packages.find(|one| match is_module {
        true => one.text != "module" && !one.text.contains(':'),
        false => !pins::yum(&one.text, is_alike),
    })
}
