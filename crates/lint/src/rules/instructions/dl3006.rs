//! A base image has a tag.

use dockerfile::Severity;

use super::images::{Reference, bases};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3006",
    summary: "Always tag the version of an image explicitly",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a tag the base image is `latest`: whatever was pushed last. A tag or a digest is fine; stages of the same file and `scratch` have none. `ARG`s before the first `FROM` count with their defaults; where a variable has no value, nothing is said.",
        bad: "FROM debian\n",
        good: "FROM debian:bookworm\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let untagged = bases(file).into_iter().filter(|base| {
        let parts = Reference::of(file, base.text);
        let is_variable = parts.name.starts_with('$');
        parts.tag.is_none() && parts.digest.is_none() && !is_variable
    });
    untagged
        .map(|base| {
            Found::new(base.stage.span, base.stage.base.span, RULE.summary)
                .help(format!("name a release: {}:TAG", base.text))
        })
        .collect()
}
