//! `ENV` and `LABEL` have an equals sign between name and value.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Found, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "LegacyKeyValueFormat",
    summary: "Legacy key/value format with whitespace separator should not be used",
    severity: Severity::Warning,
    experimental: false,
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for at in file.steps() {
        let (Kind::Env(pairs) | Kind::Label(pairs)) = &at.instruction.kind else {
            continue;
        };
        for pair in pairs.iter().filter(|pair| pair.legacy) {
            let keyword = &at.instruction.keyword.text;
            let message = format!(
                "\"{keyword} key=value\" should be used instead of legacy \"{keyword} key value\" format"
            );
            let place = at.place_of(pair.name.span.to(pair.value.span));
            found.push(Found::new(at.step.place, place, message));
        }
    }
    found
}
