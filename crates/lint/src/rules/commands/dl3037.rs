//! zypper installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::ZYPPER;
use super::pins;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3037",
    summary: "Specify version with `zypper install -y <package>=<version>`.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A package counts as pinned with `=`, `<` or `>` and a version, and so does an `.rpm` file. Values of flags (`-t`, `--from`) are no packages; with `-t pattern` and other types than packages there are no versions, and nothing is found.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper -n install git && zypper clean\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n install git=2.43.0 && zypper clean\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let install = ZYPPER.install(file, program, &["install", "in"])?;
        let of_type = program.flag_value(&["t", "type"]);
        if !is_alike && of_type.is_some_and(|name| name != "package") {
            return None;
        }
        let mut packages = install.packages.into_iter();
        let package = packages.find(|one| !pins::zypper(&one.text, is_alike))?;
        let help = pins::advice(package, "=");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}
