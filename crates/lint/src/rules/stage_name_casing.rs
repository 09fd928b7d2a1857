//! Names of stages are in small letters.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Found, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "StageNameCasing",
    summary: "Stage names should be lowercase",
    severity: Severity::Style,
    experimental: false,
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let named = { file.dockerfile.stages.iter() }
        .filter_map(|stage| Some((stage.name_written.as_ref()?, stage.span)));
    named
        .filter(|(name, _)| name.text.contains(char::is_uppercase))
        .map(|(name, instruction)| {
            let message = format!("Stage name '{}' should be lowercase", name.text);
            Found::new(instruction, name.span, message)
        })
        .collect()
}
