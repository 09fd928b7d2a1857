//! The lines around a place, as BuildKit shows them.

use crate::terminal::clean;
use dockerfile::{Source, Span};

/// Rule of the frame.
const RULE: &str = "--------------------\n";

/// The name of the file with the line, and the lines around it, those of the place marked.
pub(super) fn around(span: Span, source: &Source) -> String {
    let (first, last) = source.lines_of(span);
    let (from, to) = window(first, last, source.line_count());
    let name = clean::line(source.name().as_bytes());
    let mut out = format!("{name}:{first}\n{RULE}");
    for line in from..=to {
        let mark = if (first..=last).contains(&line) {
            ">>>"
        } else {
            "   "
        };
        let text = cut(source.line_text(line));
        out.push_str(&format!(" {line:>3} | {mark} {text}\n"));
    }
    out + RULE
}

/// A line as it can be shown. Who has longer ones does not read them here.
fn cut(line: &str) -> String {
    const LONG: usize = 1000;
    let end = line.floor_char_boundary(LONG);
    let mut shown = clean::line(&line.as_bytes()[..end]);
    if end < line.len() {
        shown.push('…');
    }
    shown
}

/// How far BuildKit looks around: up to two lines before and behind a single one, one around several.
fn window(first: u32, last: u32, count: u32) -> (u32, u32) {
    let (mut from, mut to) = (first, last);
    let wanted = if first == last { 4 } else { 2 };
    let mut shown = 0;
    while shown < wanted {
        if from > 1 {
            from -= 1;
            shown += 1;
        }
        if to < count {
            to += 1;
            shown += 1;
        }
        shown += 1;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::{around, window};
    use dockerfile::{Source, Span};

    #[test]
    fn windows() {
        for (place, shown) in [
            ((1, 1), (1, 3)),
            ((2, 2), (1, 4)),
            ((3, 3), (1, 5)),
            ((5, 5), (3, 6)),
            ((2, 4), (1, 5)),
        ] {
            assert_eq!(window(place.0, place.1, 6), shown, "{place:?}");
        }
    }

    #[test]
    fn the_place_is_marked() {
        let source = Source::new("Dockerfile", "FROM a\nRUN \x1b[2Jb\n");
        let want = "Dockerfile:2\n--------------------\n   1 |     FROM a\n   2 | >>> RUN b\n   3 |     \n\
                    --------------------\n";
        assert_eq!(around(Span::new(7, 10), &source), want);
    }
}
