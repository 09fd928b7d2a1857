//! What dependencies are installed from is copied before the sources.

use dockerfile::ast::{Form, Word};
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::{Copied, unquoted};

use super::dependencies::{DependencyInstall, Manager, install, requirements};

pub(crate) const RULE: Rule = Rule {
    name: "SourceBeforeDependencies",
    summary: "The files that list the dependencies are copied first, and the sources after the install",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A layer is built again when anything that was copied before it changed. Where all of the context is copied before the dependencies are installed, each change of a line of code installs them again, which takes from seconds to minutes. Looked at are all stages, with those that they stand on: a COPY or ADD of `.` from the context, and behind it an install of what a manifest lists (npm, yarn, pnpm, bun, pip install -r, pipenv, poetry, uv, bundle, composer, go mod download, mvn dependency:go-offline). Let pass is an install that came before the sources, too, one with a cache mount or a bind mount, and pip install of the project itself.",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci --omit=dev\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci --omit=dev\nCOPY . .\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    (0..file.dockerfile.stages.len())
        .filter_map(|stage| in_stage(file, stage))
        .collect()
}

/// The first copy of all sources of a stage that has an install behind it, and none of the same kind before it.
fn in_stage(file: &File<'_>, stage: usize) -> Option<Found> {
    let lineage = file.lineage(stage);
    let copies = file.copies_of(&[stage]);
    let (copied, whole) = copies
        .iter()
        .find_map(|copied| Some((copied, copied.whole_context()?)))?;
    let mut done: Vec<Manager> = Vec::new();
    for run in file.runs_of(&lineage) {
        let is_behind =
            run.stage == stage && run.instruction.span.start > copied.instruction.span.start;
        for install in run.invocations().iter().filter_map(install) {
            if is_behind && !done.contains(&install.manager) {
                return wrong(file, copied, whole, run, &install);
            }
            done.push(install.manager);
        }
    }
    None
}

fn wrong(
    file: &File<'_>,
    copied: &Copied<'_>,
    whole: &Word,
    run: &RunStep<'_>,
    install: &DependencyInstall<'_>,
) -> Option<Found> {
    if run.run.mounts.iter().any(is_file_mount) {
        return None;
    }
    let names = manifests(install)?;
    let message = format!(
        "Each change of the context runs `{}` again, which needs {} only",
        shown(install),
        names.replace('*', "")
    );
    let help = format!(
        "`COPY {names} ./` and this RUN first, then `COPY {} {}`",
        whole.text, copied.arguments.destination.text
    );
    Some(
        Found::new(copied.instruction.span, whole.span, message)
            .help(help)
            .fix(fix(file, copied, run, &names)),
    )
}

fn is_file_mount(mount: &dockerfile::ast::MountFlag) -> bool {
    let of = mount.fields.iter().find(|(key, _)| key == "type");
    matches!(
        of.and_then(|(_, value)| value.as_deref()),
        None | Some("bind" | "cache")
    )
}

/// The command without its flags.
fn shown(install: &DependencyInstall<'_>) -> String {
    let name = install.command.name.text.as_str();
    let verb = install.verb.text.as_str();
    match (install.manager, requirements(install.behind)) {
        (Manager::Pip, Some(file)) => format!("pip install -r {}", file.text),
        (Manager::Go, _) => "go mod download".to_owned(),
        _ if verb == name => name.to_owned(),
        _ => format!("{name} {verb}"),
    }
}

/// The files that the install needs.
fn manifests(install: &DependencyInstall<'_>) -> Option<String> {
    match install.manager {
        Manager::Pip => {
            let file = requirements(install.behind)
                .filter(|file| file.is_literal && !file.text.starts_with(['/', '.']))?;
            (!file.text.contains('/')).then(|| file.text.clone())
        }
        other => Some(other.manifests().to_owned()),
    }
}

/// Moves the `RUN` before the `COPY` that it follows, where it has nothing else to do.
fn fix(file: &File<'_>, copied: &Copied<'_>, run: &RunStep<'_>, names: &str) -> Option<Fix> {
    let next = file.following(run.stage, copied.instruction)?;
    let is_alone = run.invocations().len() == 1
        && run.run.heredocs.is_empty()
        && matches!(run.run.command, Form::Shell(_));
    let is_here = matches!(unquoted(&copied.arguments.destination.text), "." | "./");
    if !std::ptr::eq(next, run.instruction) || !is_alone || !is_here || copied.is_add {
        return None;
    }
    // Composer runs the project's own scripts, and poetry installs the project itself.
    if names.starts_with("composer")
        || names.ends_with("poetry.lock*")
        || names.ends_with("uv.lock*")
    {
        return None;
    }
    let text = file.source.slice(run.instruction.span).trim_end();
    let between = Span::new(copied.instruction.span.end, run.instruction.span.start);
    let has_comment = !file.source.slice(between).trim().is_empty();
    let gone = Span::new(copied.instruction.span.end, run.instruction.span.end);
    (!has_comment).then(|| {
        let first = Edit::insert(
            copied.instruction.span.start,
            format!("COPY {names} ./\n{text}\n"),
        );
        Fix::guess(
            "copy the manifest and install first",
            [first, Edit::delete(gone)],
        )
    })
}
