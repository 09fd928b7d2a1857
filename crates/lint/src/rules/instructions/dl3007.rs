//! A base image has a tag that stays what it is.

use dockerfile::Severity;

use super::images::{Reference, bases};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3007",
    summary: "Using latest is prone to errors if the image will ever update. Pin the version explicitly to a release tag",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`latest` is whatever was pushed last: the same Dockerfile gives another image tomorrow. A digest behind the tag is fine. `ARG`s before the first `FROM` count with their defaults.",
        bad: "FROM debian:latest\n",
        good: "FROM debian:bookworm\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let latest = bases(file).into_iter().filter(|base| {
        let parts = Reference::of(file, base.text);
        parts.tag == Some("latest") && parts.digest.is_none()
    });
    latest
        .map(|base| {
            Found::new(base.stage.span, base.stage.base.span, RULE.summary).help("name a release")
        })
        .collect()
}
