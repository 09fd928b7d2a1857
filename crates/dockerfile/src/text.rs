//! The joined text of an instruction, every byte of which knows where it stands in the source.

use std::ops::Range;

use crate::Span;
use crate::ast::Word;

/// The signs that separate words. A line never holds a line feed.
pub(crate) const BLANKS: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];

/// The lines of an instruction put together, continuation signs, comments and blank lines left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    text: String,
    pieces: Vec<Piece>,
}

/// A run of bytes that stands in one piece in the source.
#[derive(Clone, Copy, Debug)]
struct Piece {
    joined: usize,
    source: u32,
}

impl Joined {
    /// Puts a piece of the source behind what is there.
    pub(crate) fn push(&mut self, source: u32, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece {
                joined: self.text.len(),
                source,
            });
            self.text.push_str(text);
        }
    }

    /// All of it.
    pub(crate) fn part(&self) -> Part<'_> {
        Part {
            joined: self,
            start: 0,
            end: self.text.len(),
        }
    }

    /// Where the byte at `offset` stands in the source.
    fn source(&self, offset: usize) -> u32 {
        let index = self
            .pieces
            .partition_point(|piece| piece.joined <= offset)
            .saturating_sub(1);
        let Some(piece) = self.pieces.get(index) else {
            return 0;
        };
        let inside = u32::try_from(offset - piece.joined).unwrap_or(u32::MAX);
        piece.source.saturating_add(inside)
    }

    fn span(&self, range: Range<usize>) -> Span {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            // Between two pieces an empty part belongs to the end of the first: there the eye is.
            let at = range
                .start
                .checked_sub(1)
                .map_or(0, |before| self.source(before) + 1);
            let at = if range.start == 0 { self.source(0) } else { at };
            return Span::new(at, at);
        };
        Span::new(self.source(range.start), self.source(last) + 1)
    }
}

/// A part of an instruction's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    joined: &'a Joined,
    start: usize,
    end: usize,
}

impl<'a> Part<'a> {
    /// Its text.
    pub(crate) fn text(self) -> &'a str {
        &self.joined.text[self.start..self.end]
    }

    /// Where it stands in the joined text of the instruction.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Where it stands in the source.
    pub(crate) fn span(self) -> Span {
        self.joined.span(self.range())
    }

    /// Its text and place, to keep.
    pub(crate) fn word(self) -> Word {
        Word {
            text: self.text().to_owned(),
            span: self.span(),
        }
    }

    /// A part of this part: `range` counts from its start.
    pub(crate) fn slice(self, range: Range<usize>) -> Self {
        Self {
            joined: self.joined,
            start: self.start + range.start,
            end: self.start + range.end,
        }
    }

    /// From `at`, counted from its start, to its end.
    pub(crate) fn after(self, at: usize) -> Self {
        self.slice(at..self.text().len())
    }

    /// Without white space on both sides.
    pub(crate) fn trim(self) -> Self {
        let from_left = self.text().trim_start();
        let start = self.end - from_left.len();
        Self {
            start,
            end: start + from_left.trim_end().len(),
            ..self
        }
    }

    /// The first word, and what comes behind the blanks that follow it.
    pub(crate) fn split_first(self) -> (Self, Self) {
        let text = self.text();
        let word = text.find(BLANKS).unwrap_or(text.len());
        let rest = text[word..].trim_start_matches(BLANKS);
        (self.slice(0..word), self.after(text.len() - rest.len()))
    }

    /// The words between blanks.
    pub(crate) fn words(self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = self.trim();
        while !rest.text().is_empty() {
            let (word, behind) = rest.split_first();
            if !word.text().is_empty() {
                words.push(word);
            }
            rest = behind;
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> Joined {
        let mut joined = Joined::default();
        joined.push(10, "RUN ab");
        joined.push(30, "cd  ef");
        joined
    }

    #[test]
    fn words_over_two_lines_span_both() {
        let joined = joined();
        let words = joined.part().words();
        let texts: Vec<_> = words.iter().map(|word| word.text()).collect();
        assert_eq!(texts, ["RUN", "abcd", "ef"]);
        assert_eq!(words[1].span(), Span::new(14, 32));
        assert_eq!(words[2].span(), Span::new(34, 36));
    }

    #[test]
    fn empty_parts_stand_behind_what_is_before_them() {
        let joined = joined();
        assert_eq!(joined.part().slice(6..6).span(), Span::new(16, 16));
        assert_eq!(joined.part().slice(0..0).span(), Span::new(10, 10));
        assert_eq!(Joined::default().part().span(), Span::new(0, 0));
    }
}
