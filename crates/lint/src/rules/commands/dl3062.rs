//! Go installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::GO;
use super::pins;
use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3062",
    summary: "Pin versions in go. Instead of `go install <package>` use `go install <package>@<version>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, or with `@latest`, what is installed depends on the day of the build. `go install`, `go get` and `go run` are looked at. A package counts as pinned with `@` and any other version or branch. Folders (`./cmd/x`), files (`main.go`) and the names that stand for what is there already (`all`, `std`) are let pass, and values of flags (`-tags x`) are no packages.",
        bad: "FROM golang:1.23\nRUN go install golang.org/x/tools/cmd/stringer@latest\n",
        good: "FROM golang:1.23\nRUN go install golang.org/x/tools/cmd/stringer@v0.24.0\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let packages = match is_alike {
            true => alike(program)?,
            false => packages(file, program)?,
        };
        let mut packages = packages.into_iter();
        let package = packages.find(|one| !pins::go(&one.text, is_alike))?;
        let path = package.text.split('@').next().unwrap_or_default();
        let help = format!("write `{path}@VERSION`");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}

fn packages<'i>(file: &File<'_>, program: &'i Invocation) -> Option<Vec<&'i Argument>> {
    let install = GO.install(file, program, &["install", "get", "run"])?;
    let count = match install.verb.text.as_str() {
        // What follows is for the program.
        "run" => 1,
        _ => usize::MAX,
    };
    Some(install.packages.into_iter().take(count).collect())
}

fn alike(program: &Invocation) -> Option<Vec<&Argument>> {
    if !program.is(GO.alike_names) || !program.has_word(&["install", "get", "run"]) {
        return None;
    }
    let words = GO.alike_packages(&program.arguments, &[]).into_iter();
    let is_run = words.clone().next().is_some_and(|word| word.text == "run");
    let count = if is_run { 2 } else { usize::MAX };
    let verbs = if is_run {
        ["run"; 3]
    } else {
        ["install", "get", "tool"]
    };
    let packages = words.take(count);
    Some(
        packages
            .filter(|word| !verbs.contains(&word.text.as_str()))
            .collect(),
    )
}
