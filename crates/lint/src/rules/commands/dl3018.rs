//! apk installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::APK;
use super::pins;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3018",
    summary: "Pin versions in apk add. Instead of `apk add <package>` use `apk add <package>=<version>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A package counts as pinned with `=`, `~`, `<` or `>` and a version, and so does an `.apk` file. A tag of a repository (`@edge`) is no version. Values of flags (`--virtual`, `--repository`) are no packages, and `!name` is one that must not be there.",
        bad: "FROM alpine:3.20\nRUN apk add --no-cache git\n",
        good: "FROM alpine:3.20\nRUN apk add --no-cache git=2.45.2-r0\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let install = APK.install(file, program, &["add"])?;
        let mut packages = install.packages.into_iter();
        let package = packages.find(|one| !pins::apk(&one.text, is_alike))?;
        let help = pins::advice(package, "=");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}
