//! `ENV` and `LABEL` have an equals sign between name and value.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "LegacyKeyValueFormat",
    summary: "Legacy key/value format with whitespace separator should not be used",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "The form without an equals sign takes the rest of the line as one value, so that only one variable can be set, and a forgotten sign goes unnoticed.",
        bad: "FROM debian:stable
ENV PORT 80
LABEL author somebody
",
        good: "FROM debian:stable
ENV PORT=80
LABEL author=somebody
",
        configure: None,
    },
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
