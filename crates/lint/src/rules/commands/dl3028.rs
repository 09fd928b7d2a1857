//! gem installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::GEM;
use super::pins;
use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3028",
    summary: "Pin versions in gem install. Instead of `gem install <gem>` use `gem install <gem>:<version>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A gem counts as pinned with `name:version`, and so do all gems of a command with `-v` or `--version`, and files (`.gem`). Values of flags (`--source`) are no gems, and neither is what stands behind `--`.",
        bad: "FROM ruby:3.3\nRUN gem install bundler\n",
        good: "FROM ruby:3.3\nRUN gem install bundler:2.5.11\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let packages = match is_alike {
            true => alike(program)?,
            false => gems(file, program)?,
        };
        let mut packages = packages.into_iter();
        let package = packages.find(|one| !pins::gem(&one.text, is_alike))?;
        let help = pins::advice(package, ":");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}

fn gems<'i>(file: &File<'_>, program: &'i Invocation) -> Option<Vec<&'i Argument>> {
    let mut packages = GEM.install(file, program, &["install", "i"])?.packages;
    let behind = program.arguments.iter().find(|word| word.text == "--");
    let start = |word: &Argument| word.span.start;
    packages.retain(|word| behind.is_none_or(|sign| start(word) < start(sign)));
    (!program.has_flag(&["v", "version"])).then_some(packages)
}

/// For hadolint, whatever follows a flag is its value.
fn alike(program: &Invocation) -> Option<Vec<&Argument>> {
    let is_version = |word: &&Argument| word.text == "-v" || word.text.starts_with("--version");
    let is_install = program.arguments.iter().any(is_verb);
    if !program.is(GEM.alike_names)
        || !is_install
        || program.arguments.iter().any(|w| is_version(&w))
    {
        return None;
    }
    let mut words = { program.arguments.iter() }.take_while(|word| word.text != "--");
    let mut packages = Vec::new();
    while let Some(word) = words.next() {
        if word.text.starts_with('-') {
            words.next();
        } else if !is_verb(word) {
            packages.push(word);
        }
    }
    Some(packages)
}

fn is_verb(word: &Argument) -> bool {
    matches!(word.text.as_str(), "install" | "i")
}
