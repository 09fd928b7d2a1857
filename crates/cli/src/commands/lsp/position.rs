//! Places as the protocol counts them: lines, and in them bytes or units of UTF-16.
//!
//! Source: LSP 3.17, "Text Documents" and "Position".

use serde::{Deserialize, Serialize};

/// A place between two characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Position {
    /// The line, from 0.
    pub(super) line: u32,
    /// How far in the line, in units of the [`Encoding`].
    pub(super) character: u32,
}

/// A part of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    /// Where it begins.
    pub(super) start: Position,
    /// Where it ends.
    pub(super) end: Position,
}

/// What `character` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: what every client knows.
    #[default]
    Utf16,
}

/// Where the lines of a text are: a line ends with `\n`, `\r\n` or `\r`.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Encoding {
    /// The name in the protocol.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
        }
    }

    /// How long a text is.
    fn length(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    /// The byte of a line that so many units are before: the start of a character, at most the end of the line.
    fn byte(self, line: &str, units: usize) -> usize {
        match self {
            Self::Utf8 => line.floor_char_boundary(units),
            Self::Utf16 => {
                let mut before = 0;
                let reached = |(_, sign): &(usize, char)| {
                    before += sign.len_utf16();
                    before > units
                };
                let mut signs = line.char_indices();
                signs.find(reached).map_or(line.len(), |(at, _)| at)
            }
        }
    }
}

impl Lines {
    /// Those of a text.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let is_end = |at: usize| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let ends = (0..bytes.len()).filter(|at| is_end(*at));
        Self {
            starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(),
        }
    }

    /// The place of a byte of the text that these are the lines of.
    pub(super) fn position(&self, text: &str, at: usize, encoding: Encoding) -> Position {
        let at = text.floor_char_boundary(at);
        let line = self.starts.partition_point(|start| *start <= at) - 1;
        let (start, content) = self.line(text, line);
        let before = &content[..(at - start).min(content.len())];
        Position {
            line: number(line),
            character: number(encoding.length(before)),
        }
    }

    /// The byte at a place; at most the end of the line, or of the text.
    pub(super) fn byte(&self, text: &str, place: Position, encoding: Encoding) -> usize {
        let line = place.line as usize;
        if line >= self.starts.len() {
            return text.len();
        }
        let (start, content) = self.line(text, line);
        start + encoding.byte(content, place.character as usize)
    }

    /// Where a line starts, and what is in it.
    fn line<'t>(&self, text: &'t str, line: usize) -> (usize, &'t str) {
        let start = self.starts[line];
        let next = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let is_end = |sign: char| sign == '\n' || sign == '\r';
        (start, text[start..next].trim_end_matches(is_end))
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Lines, Position};
    use proptest::prelude::*;

    fn position(text: &str, at: usize, encoding: Encoding) -> (u32, u32) {
        let place = Lines::of(text).position(text, at, encoding);
        (place.line, place.character)
    }

    fn byte(text: &str, line: u32, character: u32, encoding: Encoding) -> usize {
        Lines::of(text).byte(text, Position { line, character }, encoding)
    }

    #[test]
    fn lines_end_in_three_ways() {
        let text = "a\r\nb\rc\n\nd";
        let starts = Lines::of(text).starts;
        assert_eq!(starts, [0, 3, 5, 7, 8]);
        assert_eq!(position(text, 3, Encoding::Utf16), (1, 0));
        assert_eq!(position(text, 9, Encoding::Utf16), (4, 1));
        assert_eq!(byte(text, 0, 100, Encoding::Utf16), 1);
        assert_eq!(byte(text, 2, 100, Encoding::Utf8), 6);
        assert_eq!(byte(text, 3, 100, Encoding::Utf8), 7);
        assert_eq!(byte(text, 100, 0, Encoding::Utf8), 9);
        // Between `\r` and `\n` there is no place.
        assert_eq!(position(text, 2, Encoding::Utf16), (0, 1));
        assert_eq!(position("a\n", 2, Encoding::Utf16), (1, 0));
        assert_eq!(position("", 0, Encoding::Utf16), (0, 0));
    }

    #[test]
    fn characters_beyond_the_basic_plane_are_two_units() {
        let text = "é😀x";
        assert_eq!(position(text, 6, Encoding::Utf16), (0, 3));
        assert_eq!(position(text, 6, Encoding::Utf8), (0, 6));
        assert_eq!(byte(text, 0, 1, Encoding::Utf16), 2);
        // In the middle of a character is before it.
        assert_eq!(byte(text, 0, 2, Encoding::Utf16), 2);
        assert_eq!(byte(text, 0, 3, Encoding::Utf16), 6);
        assert_eq!(byte(text, 0, 3, Encoding::Utf8), 2);
        assert_eq!(byte(text, 0, 5, Encoding::Utf8), 2);
    }

    /// Texts of what there is to trip over.
    fn texts() -> impl Strategy<Value = String> {
        const PARTS: &[&str] = &["a", "é", "€", "😀", "\n", "\r\n", "\r", " ", "\u{feff}"];
        prop::collection::vec(prop::sample::select(PARTS), 0..30).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_byte_has_a_place_and_back(text in texts()) {
            let lines = Lines::of(&text);
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                let mut last = Position::default();
                for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                    let place = lines.position(&text, at, encoding);
                    prop_assert!(place >= last);
                    last = place;
                    let is_within_end = text[..at].ends_with('\r') && text[at..].starts_with('\n');
                    prop_assert_eq!(lines.byte(&text, place, encoding), at - usize::from(is_within_end));
                }
            }
        }

        #[test]
        fn every_place_is_on_a_character(text in texts(), line in 0_u32..40, character in 0_u32..60) {
            let lines = Lines::of(&text);
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                let at = lines.byte(&text, Position { line, character }, encoding);
                prop_assert!(text.is_char_boundary(at));
            }
        }
    }
}
