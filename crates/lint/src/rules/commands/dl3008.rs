//! apt installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::APT;
use super::pins;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3008",
    summary: "Pin versions in apt get install. Instead of `apt-get install <package>` use `apt-get install <package>=<version>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build, and a cached layer keeps what a fresh build would not get. A package counts as pinned with `=version`, with `/release`, or if it is a `.deb` file or a path. Words with variables are pinned where one of these stands in them. Values of flags (`-t`, `-o`) are no packages, and `name-` is one that is to go. `apt` is looked at as `apt-get` is.",
        bad: "FROM debian:bookworm\nRUN apt-get install -y --no-install-recommends git\n",
        good: "FROM debian:bookworm\nRUN apt-get install -y --no-install-recommends git=1:2.39.5-0+deb12u2\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let install = APT.install(file, program, &["install"])?;
        let mut packages = install.packages.into_iter();
        let package = packages.find(|one| !pins::apt(&one.text, is_alike))?;
        let help = pins::advice(package, "=");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}
