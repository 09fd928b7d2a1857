//! Names of stages are in small letters.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "StageNameCasing",
    summary: "Stage names should be lowercase",
    severity: Severity::Style,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Names of stages are compared without regard to case; in small letters they are told from the keywords.",
        bad: "FROM debian:stable AS Builder
",
        good: "FROM debian:stable AS builder
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let named = { file.dockerfile.stages.iter() }
        .filter_map(|stage| Some((stage.name_written.as_ref()?, stage.span)));
    named
        .filter(|(name, _)| name.text.contains(char::is_uppercase))
        .map(|(name, instruction)| {
            let message = format!("Stage name '{}' should be lowercase", name.text);
            let small = name.text.to_lowercase();
            let edit = Edit::replace(name.span, small.clone());
            Found::new(instruction, name.span, message)
                .fix(Fix::safe(format!("write {small}"), [edit]))
        })
        .collect()
}
