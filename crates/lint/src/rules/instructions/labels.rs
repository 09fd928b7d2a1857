//! Labels, and the schema that the options have for them.

use dockerfile::ast::{Kind, Pair};

use super::seen::{Seen, seen};
use super::values::By;
use super::words::unquoted;
use crate::LabelType;
use crate::file::File;
use crate::rule::Found;

/// What the pages of the rules about the schema say about the configuration.
pub(super) const CONFIGURE: &str = "The schema is `label-schema` in hadolint's configuration file, or `--require-label NAME:TYPE`: names of labels and their types `text`, `url`, `rfc3339`, `semver`, `hash`, `spdx` or `email`.";

/// A label that an instruction sets.
pub(super) struct Label<'a> {
    /// The instruction.
    pub(super) seen: Seen<'a>,
    /// Its name and value as they stand in the text.
    pub(super) pair: &'a Pair,
    /// The name without quotes.
    pub(super) name: String,
    /// The value without quotes.
    pub(super) value: String,
}

impl Label<'_> {
    /// Whether the value has variables in it, so that it cannot be told here.
    pub(super) fn is_variable(&self) -> bool {
        self.pair.value.text.contains('$')
    }
}

/// All labels of a file.
pub(super) fn labels<'a>(file: &File<'a>) -> impl Iterator<Item = Label<'a>> + use<'a> {
    let escape = file.dockerfile.directives.escape;
    seen(file).flat_map(move |seen| {
        let pairs: &[Pair] = match seen.kind() {
            Kind::Label(pairs) => pairs,
            _ => &[],
        };
        pairs.iter().map(move |pair| Label {
            seen,
            pair,
            name: unquoted(&pair.name.text, escape),
            value: unquoted(&pair.value.text, escape),
        })
    })
}

/// Labels of one type of the schema whose values are not of it: `is_right` looks at the value, `message` has the name.
pub(super) fn wrong_values(
    file: &File<'_>,
    of: LabelType,
    is_right: fn(&str, By) -> bool,
    message: impl Fn(&str) -> String,
) -> Vec<Found> {
    let compatible = file.options.compatible;
    let by = match compatible {
        true => By::Hadolint,
        false => By::Specification,
    };
    let schema = &file.options.label_schema;
    let typed = labels(file).filter(|label| schema.get(&label.name) == Some(&of));
    typed
        // Empty ones are found by a rule of their own, and what a variable brings is not known.
        .filter(|label| compatible || !(label.value.is_empty() || label.is_variable()))
        .filter(|label| !is_right(&label.value, by))
        .map(|label| {
            label
                .seen
                .found(label.pair.value.span, message(&label.name))
        })
        .collect()
}
