//! Names of labels are as Docker asks for them.

use dockerfile::Severity;

use super::labels::{Label, labels};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::inside_quotes;

pub(crate) const RULE: Rule = Rule {
    name: "DL3048",
    summary: "Invalid label key",
    severity: Severity::Style,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A name begins with a small letter, ends with a small letter or a digit, and has only small letters, digits, dots, dashes, underscores and slashes, with no two dots or dashes in a row. `com.docker.`, `io.docker.` and `org.dockerproject.` are reserved for Docker. Names with variables are let pass.",
        bad: "FROM debian:bookworm\nLABEL Version=1.2\n",
        good: "FROM debian:bookworm\nLABEL version=1.2\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Invalid label key.";

/// How names begin that only Docker uses.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

fn find(file: &File<'_>) -> Vec<Found> {
    let wrong = labels(file).filter(|label| {
        let is_known = file.options.compatible || !label.pair.name.text.contains('$');
        is_known && !is_valid(&label.name)
    });
    let mut found: Vec<Found> = wrong
        .map(|label| {
            let place = label.pair.name.span;
            label.seen.found(place, MESSAGE).fix(fix(file, &label))
        })
        .collect();
    if file.options.compatible {
        // hadolint says it once.
        found.dedup_by_key(|found| found.instruction);
    }
    found
}

fn is_valid(name: &str) -> bool {
    let is_inside =
        |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "._-/".contains(sign);
    name.starts_with(|sign: char| sign.is_ascii_lowercase())
        && name.ends_with(|sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit())
        && name.chars().all(is_inside)
        && !name.contains("..")
        && !name.contains("--")
        && !RESERVED.iter().any(|start| name.starts_with(start))
}

/// Small letters, if they are enough. Who reads the label must know.
fn fix(file: &File<'_>, label: &Label<'_>) -> Option<Fix> {
    let small = label.name.to_ascii_lowercase();
    let place = inside_quotes(file, label.pair.name.span);
    let is_enough = is_valid(&small) && file.source.slice(place) == label.name;
    let edit = Edit::replace(place, small.clone());
    is_enough.then(|| Fix::guess(format!("write {small}"), [edit]))
}
