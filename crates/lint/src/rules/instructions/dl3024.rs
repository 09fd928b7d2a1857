//! Each stage has a name of its own.

use std::collections::HashSet;

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3024",
    summary: "FROM aliases (stage names) must be unique",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "The later of two stages with one name is the one that `COPY --from`, `FROM` and `--target` find. The other one can only be reached by its number, and nobody meant that. Capitals and small letters are the same.",
        bad: "FROM debian:bookworm AS builder\nFROM golang:1.23 AS builder\n",
        good: "FROM debian:bookworm AS tools\nFROM golang:1.23 AS builder\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut seen = HashSet::new();
    let named = file.dockerfile.stages.iter().filter_map(|stage| {
        let name = match file.options.compatible {
            true => stage.name_written.as_ref()?,
            false => stage.name.as_ref()?,
        };
        Some((stage, name))
    });
    named
        .filter(|(_, name)| !seen.insert(&name.text))
        .map(|(stage, name)| Found::new(stage.span, name.span, RULE.summary))
        .collect()
}
