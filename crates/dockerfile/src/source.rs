//! A Dockerfile's text with its name and the starts of its lines.

use crate::Span;

/// The text of a Dockerfile, its name for messages, and where its lines begin.
///
/// A UTF-8 byte order mark at the start is taken off, and a text beyond 4 GiB is cut, so that all
/// offsets are those of [`Source::text`] and fit a [`Span`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<u32>,
}

impl Source {
    /// A source from its name (a path, as messages show it) and its text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        if u32::try_from(text.len()).is_err() {
            text.truncate(text.floor_char_boundary(u32::MAX as usize));
        }
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| offset(at + 1)))
            .collect();
        Self {
            name: name.into(),
            text,
            line_starts,
        }
    }

    /// The name, as messages show it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offset behind the last byte.
    pub fn end(&self) -> u32 {
        offset(self.text.len())
    }

    /// The number of the line, from 1, that holds the byte at `offset`.
    pub fn line(&self, offset: u32) -> u32 {
        index(self.line_starts.partition_point(|start| *start <= offset))
    }

    /// The column, from 1 and counted in characters, of the byte at `offset`.
    pub fn column(&self, offset: u32) -> u32 {
        let start = self.line_starts[self.line(offset) as usize - 1] as usize;
        let end = self.text.floor_char_boundary(offset as usize).max(start);
        index(self.text[start..end].chars().count() + 1)
    }

    /// The text of a line, counted from 1, without its line end; empty for a line that is not
    /// there.
    pub fn line_text(&self, line: u32) -> &str {
        let Some(index) = (line as usize).checked_sub(1) else {
            return "";
        };
        let Some(&start) = self.line_starts.get(index) else {
            return "";
        };
        let end = self
            .line_starts
            .get(index + 1)
            .map_or(self.text.len(), |next| *next as usize);
        let text = &self.text[start as usize..end];
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.strip_suffix('\r').unwrap_or(text)
    }

    /// How many lines there are; a text without any line end is one line.
    pub fn line_count(&self) -> u32 {
        index(self.line_starts.len())
    }

    /// The first and the last line, from 1, that a place touches.
    pub fn lines_of(&self, span: Span) -> (u32, u32) {
        let last = span.end.saturating_sub(1).max(span.start);
        (self.line(span.start), self.line(last))
    }

    /// The text at a place; empty if the place is not in this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("the text was cut to what a u32 can count")
}

fn index(count: usize) -> u32 {
    u32::try_from(count).expect("there are not more lines or characters than bytes")
}
