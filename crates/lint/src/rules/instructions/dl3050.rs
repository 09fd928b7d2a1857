//! An image has no labels but those of the schema.

use dockerfile::Severity;
use dockerfile::suggest;

use super::labels::{Label, labels};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::inside_quotes;

pub(crate) const RULE: Rule = Rule {
    name: "DL3050",
    summary: "Superfluous label(s) present",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Only looked at with `strict-labels`: then labels that the schema does not know are slips, or nobody's.",
        bad: "FROM debian:bookworm\nLABEL titel=App\n",
        good: "FROM debian:bookworm\nLABEL title=App\n",
        configure: Some(
            "`strict-labels: true` in hadolint's configuration file, or `--strict-labels`, together with a schema (`label-schema`).",
        ),
    },
    find,
};

const MESSAGE: &str = "Superfluous label(s) present.";

/// Names like an unknown one are only looked for so often: each time all names are gone through.
const SUGGESTIONS_AT_MOST: usize = 200;

fn find(file: &File<'_>) -> Vec<Found> {
    if !file.options.strict_labels {
        return Vec::new();
    }
    let schema = &file.options.label_schema;
    let others = labels(file).filter(|label| !schema.contains_key(&label.name));
    let mut found: Vec<Found> = others
        .enumerate()
        .map(|(count, label)| {
            let similar = (count < SUGGESTIONS_AT_MOST)
                .then(|| suggest(&label.name, schema.keys().map(String::as_str)))
                .flatten();
            let place = label.pair.name.span;
            let found = label.seen.found(place, MESSAGE);
            match similar {
                Some(name) => found
                    .help(format!("did you mean {name}?"))
                    .fix(fix(file, &label, name)),
                None => found,
            }
        })
        .collect();
    if file.options.compatible {
        // hadolint says it once.
        found.dedup_by_key(|found| found.instruction);
    }
    found
}

fn fix(file: &File<'_>, label: &Label<'_>, name: &str) -> Option<Fix> {
    let place = inside_quotes(file, label.pair.name.span);
    let edit = Edit::replace(place, name);
    (file.source.slice(place) == label.name).then(|| Fix::guess(format!("write {name}"), [edit]))
}
