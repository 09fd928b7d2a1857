//! What is built is built in a stage of its own.

use dockerfile::Severity;

use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

use super::builds::{is_script_build, with_development};

pub(crate) const RULE: Rule = Rule {
    name: "SingleStageBuild",
    summary: "A program is built in one stage, and copied to another that has only what it needs to run",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A stage that builds has the toolchain, the sources, the downloaded dependencies and the objects in it, and all of them are in the image when it is the last one. Looked at is the last stage with those that it stands on, if it is a program's (it has a CMD or ENTRYPOINT, and is not called dev, test or the like). Found is the first command that builds on a base image of its toolchain: go build, cargo build, make or gcc on gcc, mvn package, gradle build, dotnet publish and so on; and npm run build (yarn, pnpm, tsc …) where the dependencies of development were installed before and nothing prunes them. Let pass is a stage that copies the program to a smaller one.",
        bad: "FROM golang:1.23\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nCMD [\"/app\"]\n",
        good: "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\nFROM gcr.io/distroless/static-debian12:nonroot\nCOPY --from=build /app /app\nCMD [\"/app\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped_program();
    let found = builds(file, &shipped).or_else(|| script_build(file, &shipped));
    found.into_iter().collect()
}

/// The first command that builds with the toolchain of the base.
pub(super) fn builds(file: &File<'_>, shipped: &[usize]) -> Option<Found> {
    let image = file.image_below(*shipped.first()?)?;
    let toolchain = image.toolchain()?;
    let is_build = |command: &Invocation| {
        toolchain.builds.iter().any(|(program, words)| {
            let is_wrapper = command.name.text.strip_suffix('w') == Some(program);
            (command.name.text == *program || is_wrapper)
                && (words.is_empty() || command.has_word(words))
        })
    };
    let (run, command) = first(file, shipped, is_build)?;
    let message = format!(
        "{} ({}), the sources and the objects are all in the image",
        toolchain.name,
        image.size_of(toolchain)
    );
    let help = format!(
        "two stages: name this one (`FROM {} AS build`), and end with `FROM {}`, `COPY --from=build {}` and the CMD",
        written_base(file, *shipped.first()?),
        toolchain.runtime,
        product(command),
    );
    Some(Found::new(run.instruction.span, command.span, upper(&message)).help(help))
}

/// `npm run build` with the dependencies of development, which stay.
fn script_build(file: &File<'_>, shipped: &[usize]) -> Option<Found> {
    with_development(file, shipped)?;
    let (run, command) = first(file, shipped, is_script_build)?;
    let help = format!(
        "two stages: name this one (`FROM {base} AS build`); in the last one, `FROM {base}`, install with --omit=dev, and `COPY --from=build` what was built (dist, build)",
        base = written_base(file, *shipped.first()?),
    );
    let message = "The dependencies of development, which only the build needs, and the sources are in the image";
    Some(Found::new(run.instruction.span, command.span, message).help(help))
}

fn first<'f>(
    file: &'f File<'_>,
    shipped: &'f [usize],
    is_it: impl Fn(&Invocation) -> bool,
) -> Option<(&'f RunStep<'f>, &'f Invocation)> {
    let mut commands = file
        .runs_of(shipped)
        .flat_map(|run| run.invocations().iter().map(move |command| (run, command)));
    commands.find(|(_, command)| is_it(command))
}

fn written_base<'f>(file: &'f File<'_>, stage: usize) -> &'f str {
    file.dockerfile
        .stages
        .get(stage)
        .map_or("", |stage| stage.base.text.as_str())
}

/// What a build makes, and where to copy it.
fn product(command: &Invocation) -> String {
    match command.flag_value(&["o"]) {
        Some(path) if path.starts_with('/') => format!("{path} {path}"),
        _ => "PROGRAM /usr/local/bin/".to_owned(),
    }
}

fn upper(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(signs).collect()
    })
}
