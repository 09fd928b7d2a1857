//! No stage is called `scratch` or `context`.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "ReservedStageName",
    summary: "Reserved words should not be used as stage names",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: None,
    twins: &["DL3063"],
    page: Page {
        why: "`scratch` is the empty image, and `context` the build context: a stage of that name cannot be told from them.",
        bad: "FROM debian:stable AS scratch
",
        good: "FROM debian:stable AS builder
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let named = { file.dockerfile.stages.iter() }
        .filter_map(|stage| Some((stage.name.as_ref()?, stage.span)));
    named
        .filter(|(name, _)| matches!(name.text.as_str(), "scratch" | "context"))
        .map(|(name, instruction)| {
            let message = format!(
                "Stage name should not use the same name as reserved stage {:?}",
                name.text
            );
            Found::new(instruction, name.span, message)
        })
        .collect()
}
