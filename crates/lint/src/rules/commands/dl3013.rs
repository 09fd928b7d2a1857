//! pip installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages;
use super::pins;
use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3013",
    summary: "Pin versions in pip. Instead of `pip install <package>` use `pip install <package>==<version>` or `pip install --requirement <requirements file>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A package counts as pinned with any comparison (`==`, `>=`, `~=`), as a commit of a repository (`git+https://…@commit`), or as a file, a folder or an address. Nothing is said where a requirements or a constraints file is given, or the current folder is installed. `pip3`, `python -m pip` and `pipx` are looked at as `pip` is; values of flags (`--index-url`) are no packages.",
        bad: "FROM python:3.12\nRUN pip install --no-cache-dir flask\n",
        good: "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let install = packages::pip_install(file, program).or_else(|| pipx(file, program))?;
        if has_files(program, is_alike) {
            return None;
        }
        let mut packages = install.packages.into_iter();
        let package = packages.find(|one| !pins::pip(&one.text, is_alike))?;
        let help = pins::advice(package, "==");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}

/// pipx has the same words for packages.
fn pipx<'i>(file: &File<'_>, program: &'i Invocation) -> Option<packages::Install<'i>> {
    let mut words = packages::operands(&program.arguments, packages::PIP.valued).into_iter();
    let is_pipx = !file.options.compatible && program.is(&["pipx"]);
    let verb = words
        .next()
        .filter(|word| is_pipx && word.text == "install")?;
    let packages = words.collect();
    Some(packages::Install { verb, packages })
}

/// Whether the versions are in a file, or in the folder that is installed.
fn has_files(program: &Invocation, is_alike: bool) -> bool {
    let long = |word: &Argument| {
        let (name, value) = match word.text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.text.as_str(), None),
        };
        // hadolint does not see a requirements file behind `=`.
        name == "--constraint" || name == "--requirement" && !(is_alike && value.is_some())
    };
    let short = |word: &Argument| match is_alike {
        true => word.text.starts_with("-r") || word.text.starts_with("-c"),
        false => !word.text.starts_with("--") && (word.has_flag("r") || word.has_flag("c")),
    };
    let is_file = |word: &Argument| long(word) || short(word) || word.text == ".";
    program.arguments.iter().any(is_file)
}
