//! Variables in a text: `$NAME`, `${NAME…}`.

use dockerfile::ast::Word;
use dockerfile::{Source, Span};

/// The names behind the `$` signs of a part of the text, comments left out.
pub(super) fn of(source: &Source, place: Span, comments: &[Word]) -> Vec<Span> {
    let bytes = &source.text().as_bytes()[..place.end as usize];
    let first = comments.partition_point(|comment| comment.span.end < place.start);
    let mut comments = comments[first..]
        .iter()
        .map(|comment| comment.span)
        .peekable();
    let mut found = Vec::new();
    let mut at = place.start as usize;
    while let Some(&byte) = bytes.get(at) {
        if let Some(comment) = comments.next_if(|comment| comment.start as usize <= at) {
            at = at.max(comment.end as usize);
            continue;
        }
        at += match byte {
            b'\\' => 2,
            _ => 1,
        };
        if byte == b'$' {
            at += usize::from(bytes.get(at) == Some(&b'{'));
            let length = name_length(&bytes[at.min(bytes.len())..]);
            found.extend(span(at, length));
            at += length;
        }
    }
    found
}

fn name_length(text: &[u8]) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    match text.first() {
        Some(first) if !first.is_ascii_digit() => text.iter().take_while(is_part).count(),
        _ => 0,
    }
}

fn span(at: usize, length: usize) -> Option<Span> {
    let byte = |at: usize| u32::try_from(at).ok();
    let span = Span::new(byte(at)?, byte(at + length)?);
    (!span.is_empty()).then_some(span)
}
