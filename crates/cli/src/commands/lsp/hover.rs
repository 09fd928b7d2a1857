//! What is told of the place that somebody points at: what a name stands for, and the page of a rule that is broken there.

use dockerfile::{Source, Span};
use lint::{Finding, Rule};
use serde_json::{Value, json};

use super::client::Client;
use super::document::Reading;
use super::mentions::Definition;
use super::position::Position;

/// The longest text of a definition that is shown, in characters.
const SHOWN: usize = 400;

/// All there is to tell of a place.
pub(super) fn hover(reading: &Reading, place: Position, client: Client) -> Value {
    let byte = reading.byte(place);
    let mention = reading.mentions().at(byte);
    let definition = mention.map(|mention| reading.mentions().definition(mention));
    let findings = findings_at(reading, byte);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(definition.map(|definition| describe(reading, definition)));
    let mut rules: Vec<&Rule> = findings.iter().map(|finding| finding.rule).collect();
    rules.dedup_by_key(|rule| rule.name);
    parts.extend(rules.into_iter().map(lint::page));
    let place = match (mention, findings.first()) {
        (Some(mention), _) => mention.place,
        (None, Some(finding)) => finding.diagnostic.span,
        (None, None) => return Value::Null,
    };
    let kind = match client.markdown {
        true => "markdown",
        false => "plaintext",
    };
    json!({
        "contents": {"kind": kind, "value": parts.join("\n---\n\n")},
        "range": reading.range(place),
    })
}

/// What is found at a place, the smallest parts of the text first.
fn findings_at(reading: &Reading, byte: u32) -> Vec<&Finding> {
    let is_there = |finding: &&Finding| {
        let place = finding.diagnostic.span;
        place.start <= byte && byte <= place.end
    };
    let mut found: Vec<&Finding> = reading.findings.iter().filter(is_there).collect();
    found.sort_by_key(|finding| (finding.diagnostic.span.len(), finding.rule.name));
    found
}

/// The text of a definition, its line, and the comment above it.
fn describe(reading: &Reading, definition: &Definition) -> String {
    let source = &reading.source;
    let mut shown: String = definition.shown.chars().take(SHOWN).collect();
    if shown.len() < definition.shown.len() {
        shown.push('…');
    }
    let line = source.line(definition.name.start);
    let mut out = format!("```dockerfile\n{shown}\n```\n\nLine {line}");
    let comment = comment_above(source, reading, definition.instruction);
    if !comment.is_empty() {
        out.push_str(": ");
        out.push_str(&comment.join("\n"));
    }
    out.push('\n');
    out
}

/// The comment lines directly above an instruction, but those that programs read.
fn comment_above<'r>(source: &'r Source, reading: &'r Reading, place: Span) -> Vec<&'r str> {
    let comments = &reading.parsed.dockerfile.comments;
    let before = comments.partition_point(|comment| comment.span.start < place.start);
    let mut line = source.line(place.start);
    let mut found = Vec::new();
    for comment in comments[..before].iter().rev() {
        if source.line(comment.span.start) + 1 != line {
            break;
        }
        line -= 1;
        found.push(comment.text.trim_start_matches('#').trim());
    }
    found.retain(|text| !text.starts_with("check=") && !text.starts_with("hadolint "));
    found.reverse();
    found
}
