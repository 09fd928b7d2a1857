//! The lines of a text.

use crate::Span;

/// A line, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Where it starts in the source.
    pub(super) start: u32,
    /// Its text, without line feed and the carriage returns before it.
    pub(super) text: &'a str,
    /// Its text with its line end.
    pub(super) whole: &'a str,
}

impl Line<'_> {
    /// The line without blanks before its text.
    pub(super) fn trim_start(self) -> Self {
        let text = self.text.trim_start();
        let start = self.start + length(&self.text[..self.text.len() - text.len()]);
        Self {
            start,
            text,
            ..self
        }
    }

    /// Where its text stands.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.start + length(self.text))
    }
}

/// Walks over the lines of a text.
pub(super) struct Lines<'a> {
    rest: &'a str,
    at: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, at: 0 }
    }

    /// Where the next line starts.
    pub(super) fn offset(&self) -> u32 {
        self.at
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self
            .rest
            .find('\n')
            .map_or(self.rest.len(), |newline| newline + 1);
        let (whole, rest) = self.rest.split_at(end);
        let line = Line {
            start: self.at,
            text: whole.trim_end_matches(['\r', '\n']),
            whole,
        };
        self.rest = rest;
        self.at += length(whole);
        Some(line)
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).expect("a source was cut to what a u32 can count")
}
