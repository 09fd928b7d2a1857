//! Comments that say which rules not to mind: `# check=skip=RULE` and hadolint's `# hadolint ignore=RULE` above an
//! instruction.

use dockerfile::{Source, Span};
use lint::{Activation, Edit, Finding, Set};

use super::document::Reading;

/// What puts a comment about a finding above its instruction, or the rule into one that is there. hadolint's rules get
/// comments that hadolint reads, where `pragmas` are read at all.
pub(super) fn edit(reading: &Reading, finding: &Finding, pragmas: bool) -> Option<Edit> {
    let rule = finding.rule;
    let is_of_hadolint = matches!(rule.set, Set::Hadolint | Set::ShellCheck);
    // Who asks for an experimental rule cannot skip it.
    let is_asked_for = rule.activation == Activation::Experimental;
    let style = match pragmas && (is_of_hadolint || is_asked_for) {
        true => "hadolint ignore=",
        false => "check=skip=",
    };
    let place = finding.instruction.start;
    let names =
        comment_above(reading, place).and_then(|above| names_of(&reading.source, above, style));
    Some(match names {
        Some(names) => insert(names.end, format!(",{}", rule.name)),
        None => above(reading, place, &format!("# {style}{}", rule.name))?,
    })
}

/// The comment on the line above a place.
fn comment_above(reading: &Reading, place: u32) -> Option<Span> {
    let line = |place: u32| reading.source.line(place);
    let comments = &reading.parsed.dockerfile.comments;
    let before = comments.partition_point(|comment| comment.span.start < place);
    let last = comments[..before].last()?.span;
    (line(last.start) + 1 == line(place)).then_some(last)
}

/// The names that a comment has, if it is of this style.
fn names_of(source: &Source, comment: Span, style: &str) -> Option<Span> {
    let text = source.slice(comment);
    let names = text.strip_prefix('#')?.trim_start().strip_prefix(style)?;
    let start = text.len() - names.len();
    let names = names[..names.find(['#', ';']).unwrap_or(names.len())].trim_end();
    let at = |byte: usize| u32::try_from(byte).ok().map(|byte| comment.start + byte);
    let is_list = !names.is_empty() && names != "all";
    is_list.then_some(Span::new(at(start)?, at(start + names.len())?))
}

/// Puts a line above the one of a place, indented as that is.
fn above(reading: &Reading, place: u32, comment: &str) -> Option<Edit> {
    let text = reading.source.text();
    let before = text.get(..place as usize)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let indent: String = { before[start..].chars() }
        .take_while(|sign| [' ', '\t'].contains(sign))
        .collect();
    let end = match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let comment = format!("{indent}{comment}{end}");
    let start = u32::try_from(start).ok()?;
    let edit = insert(start, comment.clone());
    let is_at_top = || {
        text[..start as usize]
            .lines()
            .all(|line| line.trim_start().starts_with('#'))
    };
    match is_at_top() && !is_comment(reading, &edit) {
        false => Some(edit),
        // It would be a directive, for all of the file; a blank line is the end of those.
        true => Some(insert(start, format!("{end}{comment}"))),
    }
}

/// Whether what an edit puts in is a comment, and no directive.
fn is_comment(reading: &Reading, edit: &Edit) -> bool {
    let mut text = reading.source.text().to_owned();
    text.insert_str(edit.span.start as usize, &edit.text);
    let parsed = dockerfile::parse(&Source::new(reading.source.name(), text));
    let comments = |parsed: &dockerfile::Parsed| parsed.dockerfile.comments.len();
    comments(&parsed) == comments(&reading.parsed) + 1
}

fn insert(at: u32, text: String) -> Edit {
    Edit {
        span: Span::new(at, at),
        text,
    }
}
