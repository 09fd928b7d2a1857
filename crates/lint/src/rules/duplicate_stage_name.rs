//! Each stage has a name of its own.

use dockerfile::Severity;
use std::collections::HashSet;

use crate::file::File;
use crate::rule::{Found, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "DuplicateStageName",
    summary: "Stage names should be unique",
    severity: Severity::Warning,
    experimental: false,
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut seen = HashSet::new();
    let named = { file.dockerfile.stages.iter() }
        .filter_map(|stage| Some((stage.name.as_ref()?, stage.span)));
    named
        .filter(|(name, _)| !seen.insert(&name.text))
        .map(|(name, instruction)| {
            let message = format!(
                "Duplicate stage name {:?}, stage names should be unique",
                name.text
            );
            Found::new(instruction, name.span, message)
        })
        .collect()
}
