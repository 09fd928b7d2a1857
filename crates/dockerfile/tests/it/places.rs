//! Places, found in the debug output of a tree: so none can be forgotten.

use dockerfile::{Source, Span};

const OPEN: &str = "Span { start: ";

/// All places in the debug output of anything.
pub(crate) fn in_debug(text: &str) -> Vec<Span> {
    text.match_indices(OPEN)
        .filter_map(|(at, _)| span_at(&text[at..]))
        .map(|(span, _)| span)
        .collect()
}

/// The text with places as `line:column-line:column`, and words as `"text" @place`.
pub(crate) fn readable(text: &str, source: &Source) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let (before, found) = rest.split_at(at);
        let (span, length) = span_at(found).expect("Debug writes both numbers");
        rest = &found[length..];
        match (before.strip_suffix(", span: "), rest.strip_prefix(" }")) {
            (Some(word), Some(behind)) => {
                out.push_str(&word.replace("Word { text: ", ""));
                out.push_str(" @");
                rest = behind;
            }
            _ => out.push_str(before),
        }
        out.push_str(&place(span, source));
    }
    out.push_str(rest);
    out
}

/// Reads `Span { start: 1, end: 2 }`, and tells how long that is.
fn span_at(text: &str) -> Option<(Span, usize)> {
    let (start, rest) = text.strip_prefix(OPEN)?.split_once(", end: ")?;
    let (end, rest) = rest.split_once(" }")?;
    let span = Span {
        start: start.parse().ok()?,
        end: end.parse().ok()?,
    };
    Some((span, text.len() - rest.len()))
}

fn place(span: Span, source: &Source) -> String {
    let at = |offset| (source.line(offset), source.column(offset));
    let ((line, column), (last_line, last_column)) = (at(span.start), at(span.end));
    if line == last_line {
        format!("{line}:{column}-{last_column}")
    } else {
        format!("{line}:{column}-{last_line}:{last_column}")
    }
}
