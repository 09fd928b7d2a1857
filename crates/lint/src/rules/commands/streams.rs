//! What yum and dnf are told to install without a version.

use std::collections::BTreeMap;

use dockerfile::ast::Kind;

use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::runs::RunStep;

use super::packages::Manager;
use super::pins;

/// The first package without a version. Groups have none; modules have streams.
pub(crate) fn unpinned<'i>(
    file: &File<'_>,
    run: &RunStep<'_>,
    program: &'i Invocation,
    manager: &Manager,
    arguments: &BTreeMap<&str, u32>,
) -> Option<&'i Argument> {
    let is_alike = file.options.compatible;
    let packages = manager.install(file, program, &["install"])?.packages;
    // hadolint knows groups of dnf only.
    let is_of_group = program.has_word(&["group"]) && (!is_alike || !program.is(&["yum"]));
    let is_module = program.has_word(&["module"]);
    if is_of_group && !is_module {
        return None;
    }
    let mut packages = packages.into_iter();
    packages.find(|one| match is_module {
        true => one.text != "module" && !one.text.contains(':'),
        false => {
            let is_pinned = pins::yum(&one.text, is_alike);
            !(is_pinned || is_alike && is_declared(arguments, run, &one.text))
        }
    })
}

/// Where each `ARG` of the file is first: for hadolint, those of all stages above are known.
pub(crate) fn arguments<'f>(file: &'f File<'_>) -> BTreeMap<&'f str, u32> {
    let mut found = BTreeMap::new();
    for instruction in file.instructions() {
        if let Kind::Arg(args) = &instruction.kind {
            for arg in args {
                let at = instruction.span.start;
                found.entry(arg.name.text.as_str()).or_insert(at);
            }
        }
    }
    found
}

/// Whether hadolint takes it for pinned because a variable of the Dockerfile stands in it.
fn is_declared(arguments: &BTreeMap<&str, u32>, run: &RunStep<'_>, package: &str) -> bool {
    let start = run.instruction.span.start;
    let is_argument = |name: &str| arguments.get(name).is_some_and(|at| *at < start);
    let is_known = |name: &str| run.variables.contains(name) || is_argument(name);
    let mut names = package.split("${").skip(1);
    package.contains('-')
        && !run.is_trigger
        && names.any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_known(name)))
}
