//! `ENV` and `LABEL` have an equals sign between name and value.

use dockerfile::ast::{Kind, Pair};
use dockerfile::{Severity, Span};

use crate::analysis::Origin;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::has_comment;

pub(crate) const RULE: Rule = Rule {
    name: "LegacyKeyValueFormat",
    summary: "Legacy key/value format with whitespace separator should not be used",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
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
            let is_of_text = matches!(at.step.origin, Origin::Text(_));
            let fix = is_of_text.then(|| fix(file, pair)).flatten();
            found.push(Found::new(at.step.place, place, message).fix(fix));
        }
    }
    found
}

/// An equals sign, and quotes around a value with blanks that has none.
fn fix(file: &File<'_>, pair: &Pair) -> Option<Fix> {
    let value = &pair.value;
    let between = Span::new(pair.name.span.end, value.span.start);
    let whole = pair.name.span.to(value.span);
    let escape = file.dockerfile.directives.escape.sign();
    let is_quoted = |quote: char| {
        let inside = value
            .text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        inside.is_some_and(|inside| !inside.contains([quote, escape]))
    };
    let has_blanks = value.text.contains(char::is_whitespace);
    let edits = if !has_blanks || is_quoted('"') || is_quoted('\'') {
        vec![Edit::replace(between, "=")]
    } else if !value.text.contains(['"', '\'', escape]) {
        vec![
            Edit::replace(between, "=\""),
            Edit::insert(value.span.end, "\""),
        ]
    } else {
        return None;
    };
    let has_quotes = pair.name.text.contains(['"', '\'', escape]);
    // Between names and values these are no blanks, but they are between pairs.
    let is_odd = |sign: char| sign.is_whitespace() && !sign.is_ascii_whitespace();
    let has_odd_blanks = pair.name.text.contains(is_odd) || value.text.contains(is_odd);
    let is_free = !has_comment(file, whole)
        && !value.text.ends_with(escape)
        && !has_quotes
        && !has_odd_blanks;
    is_free.then(|| Fix::safe("write an equals sign", edits))
}
