//! What changes with each build comes after what takes long.

use dockerfile::ast::{Instruction, Kind};
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

use super::{dependencies, system_packages};

pub(crate) const RULE: Rule = Rule {
    name: "ChangingArgumentEarly",
    summary: "An ARG that differs from build to build is declared after the installs, not before them",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Each RUN behind an ARG sees it, so that another value builds all of them again. Looked at are ARGs in stages whose names are those of a commit, a date or a build's number (GIT_SHA, GIT_COMMIT, COMMIT, VCS_REF, REVISION, BUILD_DATE, BUILD_TIME, BUILD_NUMBER, BUILD_ID, CI_COMMIT_SHA, GITHUB_SHA and the like), with a RUN behind them in the same stage that installs packages and does not use them. Let pass are ARGs before the first FROM, which no RUN sees.",
        bad: "FROM debian:bookworm-slim\nARG GIT_SHA\nRUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\nLABEL org.opencontainers.image.revision=$GIT_SHA\n",
        good: "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\nARG GIT_SHA\nLABEL org.opencontainers.image.revision=$GIT_SHA\n",
        configure: None,
    },
    find,
};

const CHANGING: [&str; 24] = [
    "GIT_SHA",
    "GIT_COMMIT",
    "GIT_HASH",
    "GIT_REF",
    "GIT_REVISION",
    "GIT_COMMIT_SHA",
    "COMMIT",
    "COMMIT_SHA",
    "COMMIT_HASH",
    "VCS_REF",
    "REVISION",
    "SOURCE_COMMIT",
    "BUILD_DATE",
    "BUILD_TIME",
    "BUILD_TIMESTAMP",
    "BUILDTIME",
    "BUILD_NUMBER",
    "BUILD_ID",
    "BUILD_NUM",
    "CI_COMMIT_SHA",
    "GITHUB_SHA",
    "GITHUB_RUN_ID",
    "CACHEBUST_DATE",
    "CREATED",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        // The first one of a name is enough, and keeps this linear.
        let mut seen: Vec<&str> = Vec::new();
        for (at, instruction) in stage.instructions.iter().enumerate() {
            let Kind::Arg(args) = &instruction.kind else {
                continue;
            };
            for arg in args
                .iter()
                .filter(|arg| CHANGING.contains(&arg.name.text.as_str()))
            {
                let name = arg.name.text.as_str();
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                let behind = &stage.instructions[at + 1..];
                let Some(expensive) = first_install(file, index, behind, name) else {
                    continue;
                };
                let fix = if args.len() == 1 {
                    fix(file, instruction, behind, name)
                } else {
                    None
                };
                let line = file.source.line(expensive.start);
                let message = format!(
                    "Another {name} runs the installs behind it again, from line {line} on"
                );
                found.push(
                    Found::new(instruction.span, arg.name.span, message)
                        .help("declare it directly before what uses it")
                        .fix(fix),
                );
            }
        }
    }
    found
}

/// The first install behind the `ARG`, if nothing up to there uses it.
fn first_install(
    file: &File<'_>,
    stage: usize,
    behind: &[Instruction],
    name: &str,
) -> Option<Span> {
    let user = behind
        .iter()
        .find(|instruction| uses(file, instruction, name))
        .map_or(u32::MAX, |user| user.span.start);
    let last = behind.last()?.span.start;
    let runs = file
        .runs()
        .iter()
        .filter(|run| run.stage == stage && !run.is_trigger);
    let first = behind.first()?.span.start;
    let mut between = runs.filter(|run| {
        (first..=last).contains(&run.instruction.span.start) && run.instruction.span.start < user
    });
    between
        .find(|run| is_expensive(run))
        .map(|run| run.instruction.span)
}

fn is_expensive(run: &RunStep<'_>) -> bool {
    let commands = run.invocations();
    commands.iter().any(|command| {
        system_packages::installs(command) || dependencies::install(command).is_some()
    })
}

/// Whether an instruction names the variable, or takes what is behind it for another use.
fn uses(file: &File<'_>, instruction: &Instruction, name: &str) -> bool {
    file.source.slice(instruction.span).contains(name)
}

/// Moves the line to the first instruction that uses it.
fn fix(
    file: &File<'_>,
    instruction: &Instruction,
    behind: &[Instruction],
    name: &str,
) -> Option<Fix> {
    let user = behind.iter().find(|other| uses(file, other, name))?;
    let text = file.source.slice(instruction.span).trim_end();
    let next = behind.first()?.span.start;
    let is_line = file
        .source
        .slice(Span::new(instruction.span.end, next))
        .trim()
        .is_empty();
    is_line.then(|| {
        let edits = [
            Edit::delete(Span::new(instruction.span.start, next)),
            Edit::insert(user.span.start, format!("{text}\n")),
        ];
        Fix::guess("move it down", edits)
    })
}
