//! npm installs one version, and no other tomorrow.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::NPM;
use super::pins;
use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3016",
    summary: "Pin versions in npm. Instead of `npm install <package>` use `npm install <package>@<version>`",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a version, what is installed depends on the day of the build. A package counts as pinned with `@version` or `@tag`, as a commit of a repository (`git+https://…#commit`, `owner/name#commit`), or as an archive, a folder or an address. `npm install` without packages takes the versions of the lock file, and is let pass. Values of flags (`--registry`, `--prefix`) are no packages. `npm i` and `npm add` are looked at as `npm install` is.",
        bad: "FROM node:22\nRUN npm install -g serve\n",
        good: "FROM node:22\nRUN npm install -g serve@14.2.3\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let mut packages = packages(file, program)?.into_iter();
        let package = packages.find(|one| !pins::npm(&one.text, is_alike))?;
        let help = pins::advice(package, "@");
        Some(Found::new(run.instruction.span, package.span, RULE.summary).help(help))
    })
}

fn packages<'i>(file: &File<'_>, program: &'i Invocation) -> Option<Vec<&'i Argument>> {
    if !file.options.compatible {
        let install = NPM.install(file, program, &["install", "i", "add", "in"])?;
        return Some(install.packages);
    }
    let mut words = NPM.alike_packages(&program.arguments, &[]);
    let is_install = program.is(NPM.alike_names) && words.first()?.text == "install";
    words.retain(|word| word.text != "install");
    is_install.then_some(words)
}
