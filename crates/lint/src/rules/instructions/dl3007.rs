//! A base image has a tag that stays what it is.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3007",
    summary: "Using latest is prone to errors if the image will ever update. Pin the version explicitly to a release tag",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "`latest` is whatever was pushed last: the same Dockerfile gives another image tomorrow. A digest behind the tag is fine.",
        bad: "FROM debian:latest\n",
        good: "FROM debian:bookworm\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = file.dockerfile.stages.iter();
    stages
        .filter(|stage| stage.base.text.ends_with(":latest"))
        .map(|stage| Found::new(stage.span, stage.base.span, RULE.summary).help("name a release"))
        .collect()
}
