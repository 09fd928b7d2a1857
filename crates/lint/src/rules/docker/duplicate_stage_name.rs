//! Each stage has a name of its own.

use dockerfile::Severity;
use std::collections::HashSet;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DuplicateStageName",
    summary: "Stage names should be unique",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: None,
    twins: &["DL3024"],
    page: Page {
        why: "The later of two stages with one name is the one that `COPY --from`, `FROM` and `--target` find. The other one can only be reached by its number, and nobody meant that.",
        bad: "FROM debian:stable AS builder
FROM golang:1 AS builder
",
        good: "FROM debian:stable AS tools
FROM golang:1 AS builder
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut seen = HashSet::new();
    let named = { file.dockerfile.stages.iter() }
        .filter_map(|stage| Some((stage.name.as_ref()?, stage.span)));
    named
        .filter(|(name, _)| !seen.insert(&name.text))
        .map(|(name, instruction)| {
            let message = format!(
                "Duplicate stage name {:?}, stage names should be unique",
                name.text
            );
            Found::new(instruction, name.span, message)
        })
        .collect()
}
