//! Variables have a value where they are used.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Found, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "UndefinedVar",
    summary: "Variables should be defined before their use",
    severity: Severity::Warning,
    experimental: false,
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for at in file.steps() {
        for unset in &at.step.unset {
            let similar = { unset.similar.as_ref() }
                .map_or_else(String::new, |name| format!(" (did you mean ${name}?)"));
            let message = format!("Usage of undefined variable '${}'{similar}", unset.name);
            found.push(Found::new(at.step.place, unset.place, message));
        }
    }
    found
}
