//! Here-documents (POSIX.1-2024 XCU 2.7.4): their bodies begin behind the next newline.

use super::Parser;
use super::word::Context;
use crate::shell::ast::{Heredoc, Part, PartKind, Word};

/// A here-document whose body is still to come.
pub(super) struct Pending {
    index: usize,
    strips_tabs: bool,
}

impl Parser<'_> {
    /// Remembers a here-document whose word began at `start`. Gives its index.
    pub(super) fn announce_heredoc(
        &mut self,
        word: &Word,
        start: usize,
        strips_tabs: bool,
    ) -> usize {
        let index = self.heredocs.len();
        // The word is not expanded, `$` or not.
        let written = || self.script.text()[start..self.at].to_owned();
        self.heredocs.push(Heredoc {
            delimiter: word.literal().unwrap_or_else(written),
            is_quoted: word.is_quoted(),
            parts: Vec::new(),
            span: word.span,
            is_terminated: false,
        });
        self.pending.push(Pending { index, strips_tabs });
        index
    }

    /// Reads the bodies of the here-documents that the last line announced.
    pub(super) fn read_heredocs(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            self.read_heredoc(&pending);
        }
    }

    fn read_heredoc(&mut self, pending: &Pending) {
        let start = self.at;
        let (body_end, behind) = self.heredoc_end(pending);
        let heredoc = &self.heredocs[pending.index];
        let parts = if heredoc.is_quoted {
            let text = self.text()[start..body_end].to_owned();
            let span = self.place(start..body_end);
            vec![Part {
                kind: PartKind::Literal(text),
                span,
            }]
        } else {
            self.heredoc_body(body_end)
        };
        let span = self.place(start..body_end);
        let heredoc = &mut self.heredocs[pending.index];
        heredoc.parts = parts;
        heredoc.span = span;
        heredoc.is_terminated = behind.is_some();
        self.at = behind.unwrap_or(self.end);
    }

    /// The end of the body that starts here, and what is behind the line that ends it, if that is there.
    fn heredoc_end(&self, pending: &Pending) -> (usize, Option<usize>) {
        let heredoc = &self.heredocs[pending.index];
        let mut at = self.at;
        let mut is_joined = false;
        for whole in self.text()[self.at..].split_inclusive('\n') {
            let line = whole.strip_suffix('\n').unwrap_or(whole);
            let text = if pending.strips_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if !is_joined && text == heredoc.delimiter {
                return (at, Some(at + whole.len()));
            }
            let backslashes = line.len() - line.trim_end_matches('\\').len();
            is_joined = !heredoc.is_quoted && backslashes % 2 == 1;
            at += whole.len();
        }
        (at, None)
    }

    /// What is expanded in a body. Nothing in it reaches beyond it.
    fn heredoc_body(&mut self, body_end: usize) -> Vec<Part> {
        let end = std::mem::replace(&mut self.end, body_end);
        let parts = self.parts(Context::Heredoc);
        self.end = end;
        parts
    }
}
