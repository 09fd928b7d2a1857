//! Every stage is there for something.

use std::collections::BTreeSet;

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "UnusedStage",
    summary: "A stage that the last one does not need is never built, unless somebody names it with --target",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "Only the stages that the target stands on, copies from or mounts are built. A stage that nothing leads to is left over, or meant as a target of its own (tests, tools): then a comment above it that begins with its name says so, and is shown by `build --call=targets`.",
        bad: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY app /app\n",
        good: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY --from=build /app /app\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = &file.dockerfile.stages;
    let Some(last) = stages.len().checked_sub(1) else {
        return Vec::new();
    };
    let needed: BTreeSet<usize> = crate::outline::needed(file, last).into_iter().collect();
    let unused = stages.iter().enumerate().filter(|(index, stage)| {
        let described = || {
            let name = stage.name.as_ref()?;
            crate::targets::describe(file, &name.text, stage.span)
        };
        !needed.contains(index) && described().is_none()
    });
    unused
        .map(|(_, stage)| {
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
