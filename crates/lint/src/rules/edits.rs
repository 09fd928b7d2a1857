//! Places of the text that several rules' fixes change.

use dockerfile::Span;
use dockerfile::ast::Word;

use crate::file::File;
use crate::fix::{Edit, Fix};

/// The whole lines that a place touches, with the end of the last one.
pub(crate) fn whole_lines(file: &File<'_>, place: Span) -> Span {
    let text = file.source.text();
    let start = (place.start as usize).min(text.len());
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = (place.end.saturating_sub(1).max(place.start) as usize).min(text.len());
    let last = text.floor_char_boundary(last);
    let end = text[last..]
        .find('\n')
        .map_or(text.len(), |at| last + at + 1);
    span(start, end)
}

/// A flag, from the blanks before it to the end of its value, by the place of its value: where it stands in one piece.
pub(crate) fn flag(file: &File<'_>, name: &str, value: Span) -> Option<Span> {
    let before = file.source.text().get(..value.start as usize)?;
    let before = before.strip_suffix(&format!("--{name}="))?;
    let start = before.trim_end_matches([' ', '\t']).len();
    (start < before.len()).then(|| span(start, value.end as usize))
}

/// The quotes around a word do not belong to its text: the place between them.
pub(crate) fn inside_quotes(file: &File<'_>, place: Span) -> Span {
    let text = file.source.slice(place);
    let quote = ['"', '\'']
        .into_iter()
        .find(|quote| text.starts_with(*quote));
    match quote {
        Some(quote) if text.len() > 1 && text.ends_with(quote) => {
            Span::new(place.start + 1, place.end - 1)
        }
        _ => place,
    }
}

/// Names that are shorter are like any other.
const SHORTEST_NAME: usize = 3;

/// Gives a variable another name in a word: `$name` and `${name`.
pub(crate) fn rename_variable(file: &File<'_>, place: Span, old: &str, new: &str) -> Option<Fix> {
    if old.len() < SHORTEST_NAME {
        return None;
    }
    let text = file.source.slice(place);
    let mut edits = Vec::new();
    for (at, _) in text.match_indices('$') {
        let name = text[at + 1..].strip_prefix('{').unwrap_or(&text[at + 1..]);
        let Some(rest) = name.strip_prefix(old) else {
            continue;
        };
        if !rest.starts_with(|sign: char| sign == '_' || sign.is_ascii_alphanumeric()) {
            let start = place.start as usize + text.len() - name.len();
            edits.push(Edit::replace(span(start, start + old.len()), new));
        }
    }
    (!edits.is_empty()).then(|| Fix::guess(format!("use {new}"), edits))
}

/// A keyword as others of the file are written: in small letters if `like` is.
pub(crate) fn keyword(name: &str, like: &Word) -> String {
    match like.text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        true => name.to_ascii_lowercase(),
        false => name.to_owned(),
    }
}

/// Whether a comment may stand between two parts of the text.
pub(crate) fn has_comment(file: &File<'_>, place: Span) -> bool {
    file.source.slice(place).contains('#')
}

/// A place from offsets into the text, which are never beyond what it holds.
fn span(start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(start), offset(end))
}
