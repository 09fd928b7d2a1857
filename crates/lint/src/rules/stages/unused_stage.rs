//! Every stage is there for something.

use std::collections::BTreeSet;

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "UnusedStage",
    summary: "A stage that the last one does not need is never built, unless somebody names it with --target",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Only the stages that the target stands on, copies from or mounts are built. A stage that nothing leads to is left over, as after a COPY that lost its --from, or meant as a target of its own. Found are stages that neither the last one nor any other leads to. Let pass is what is a target by all appearances: a stage that is called test, dev, lint, docs, release or the like, that has a CMD or ENTRYPOINT of its own, that copies to scratch (for --output), or that a comment above it describes (`# NAME what it is for`, which `build --call=targets` shows); files with more than two such stages, which are made of targets; and files where a variable decides on which stage another one stands (`FROM base-$TARGETARCH`).",
        bad: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY app /app\n",
        good: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY --from=build /app /app\n",
        configure: None,
    },
    find,
};

/// Names of stages that are built for what they leave or show.
const TARGETS: [&str; 16] = [
    "update",
    "validate",
    "check",
    "bench",
    "vendor",
    "release",
    "artifact",
    "artifacts",
    "binary",
    "binaries",
    "coverage",
    "e2e",
    "format",
    "fmt",
    "minimal",
    "export",
];

/// A file with more stages than this that nothing leads to has several targets.
const LEFT_OVER_AT_MOST: usize = 2;

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = &file.dockerfile.stages;
    let Some(last) = stages.len().checked_sub(1) else {
        return Vec::new();
    };
    if stages
        .iter()
        .any(|stage| may_be_any_stage(&stage.base.text))
    {
        return Vec::new();
    }
    let needed: BTreeSet<usize> = crate::outline::needed(file, last).into_iter().collect();
    let used = used_by_others(file, &needed);
    let is_left_over = |index: &usize| {
        !needed.contains(index) && !used.contains(index) && !is_target(file, *index)
    };
    let left_over: Vec<usize> = (0..last).filter(is_left_over).collect();
    if left_over.len() > LEFT_OVER_AT_MOST {
        return Vec::new();
    }
    let found = left_over.into_iter().filter_map(|index| stages.get(index));
    found
        .map(|stage| {
            let place = stage.name_written.as_ref().unwrap_or(&stage.base).span;
            Found::new(
                stage.span,
                place,
                "Nothing leads from the last stage to this one, so it is not built",
            )
            .help("remove it, copy from it, or describe it as a target: `# NAME what it is for`")
        })
        .collect()
}

/// Whether a base's name can be that of one stage or another, as variables will have it: `FROM base-$TARGETARCH`.
fn may_be_any_stage(base: &str) -> bool {
    let mut rest = base;
    let mut fixed = String::new();
    while let Some((before, behind)) = rest.split_once("${") {
        fixed.push_str(before);
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    fixed.push_str(rest);
    base.contains('$') && !fixed.contains(['/', ':'])
}

/// The stages that others need which are left over themselves.
fn used_by_others(file: &File<'_>, needed: &BTreeSet<usize>) -> BTreeSet<usize> {
    let others = (0..file.dockerfile.stages.len()).filter(|index| !needed.contains(index));
    others
        .flat_map(|index| crate::outline::needs(file, index))
        .collect()
}

/// Whether a stage is there to be built by its name: it is described, is called so, or has something to start.
fn is_target(file: &File<'_>, index: usize) -> bool {
    let stage = &file.dockerfile.stages[index];
    let Some(name) = &stage.name else {
        return false;
    };
    let is_for_building = ["build", "builder"].contains(&name.text.as_str());
    let has_start = stage
        .instructions
        .iter()
        .any(|one| matches!(one.kind, Kind::Cmd(_) | Kind::Entrypoint(_)));
    let is_called_so = name
        .text
        .split(['-', '_', '.'])
        .any(|word| TARGETS.contains(&word));
    // What is only copied to scratch is for `--output`.
    let is_export = stage.base.text == "scratch"
        && stage
            .instructions
            .iter()
            .any(|one| matches!(one.kind, Kind::Copy(_)));
    let is_for_people = file.is_for_people(index) && !is_for_building;
    let is_described = crate::targets::describe(file, &name.text, stage.span).is_some();
    is_described || is_called_so || is_export || is_for_people || has_start
}
