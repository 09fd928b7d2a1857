//! What yum and dnf are told to install without a version.

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
) -> Option<&'i Argument> {
    let is_alike = file.options.compatible;
    let packages = manager.install(file, program, &["install"])?.packages;
    // hadolint knows groups of dnf only.
    let is_of_group = program.has_word(&["group"]) && (!is_alike || !program.is(&["yum"]));
    if is_of_group {
        return None;
    }
    let is_module = program.has_word(&["module"]);
    let mut packages = packages.into_iter();
    packages.find(|one| match is_module {
        true => one.text != "module" && !one.text.contains(':'),
        false => {
            let is_pinned = pins::yum(&one.text, is_alike);
            !is_pinned && !(is_alike && is_declared(file, run, &one.text))
        }
    })
}

/// Whether hadolint takes it for pinned because a variable of the Dockerfile stands in it.
fn is_declared(file: &File<'_>, run: &RunStep<'_>, package: &str) -> bool {
    let is_global = |name: &str| {
        let declared = file.dockerfile.global_args.iter();
        let mut kinds = declared.map(|instruction| &instruction.kind);
        kinds.any(|kind| match kind {
            dockerfile::ast::Kind::Arg(args) => args.iter().any(|arg| arg.name.text == name),
            _ => false,
        })
    };
    let is_known =
        |name: &str| !run.is_trigger && (run.variables.contains(name) || is_global(name));
    let mut names = package.split("${").skip(1);
    package.contains('-')
        && names.any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_known(name)))
}
