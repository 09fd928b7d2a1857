//! The parser: one function for each production of the grammar (POSIX.1-2024 XCU 2.10), which reads the characters
//! itself, since where a token ends depends on what is expected there.
//!
//! It reads nothing twice, so that the time is linear in the text; it only looks ahead where arithmetic may turn out to
//! be a subshell, and for the `=` behind a subscript.

mod case;
mod command;
mod compound;
mod condition;
mod cursor;
mod expansion;
mod function;
mod heredoc;
mod list;
mod parameter;
mod redirection;
mod reserved;
mod simple;
mod word;

use std::ops::Range;

use dockerfile::Span;

use super::ast::{Heredoc, List};
use super::error::{SyntaxError, SyntaxErrorKind};
use super::extension::{Extension, ExtensionKind};
use super::{Dialect, Parsed, Script};
use heredoc::Pending;

/// How deep commands, quotes and expansions may stand in each other. Each `$(` takes two or three.
const MAX_DEPTH: usize = 200;

/// Reads a script.
pub(super) fn parse(script: &Script, dialect: Dialect) -> Parsed {
    let mut parser = Parser::new(script, dialect);
    let list = parser.program();
    Parsed {
        list,
        heredocs: parser.heredocs,
        comments: parser.comments,
        errors: parser.errors,
        extensions: parser.extensions,
    }
}

/// Where the parser is in a script, and what it found beside the tree.
struct Parser<'a> {
    script: &'a Script,
    dialect: Dialect,
    /// The next byte.
    at: usize,
    /// Where to stop: the end of the script, or of a here-document's body.
    end: usize,
    depth: usize,
    /// Whether it gave up, since it was too deep.
    has_stopped: bool,
    pending: Vec<Pending>,
    heredocs: Vec<Heredoc>,
    comments: Vec<Span>,
    errors: Vec<SyntaxError>,
    extensions: Vec<Extension>,
}

impl<'a> Parser<'a> {
    fn new(script: &'a Script, dialect: Dialect) -> Self {
        Self {
            script,
            dialect,
            at: 0,
            end: script.text().len(),
            depth: 0,
            has_stopped: false,
            pending: Vec::new(),
            heredocs: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// A script within a script, whose text had to be changed first: what stands between backquotes.
    fn inner(&mut self, script: &Script) -> List {
        let mut inner = Parser::new(script, self.dialect);
        inner.depth = self.depth;
        inner.heredocs = std::mem::take(&mut self.heredocs);
        let list = inner.program();
        self.heredocs = inner.heredocs;
        self.comments.append(&mut inner.comments);
        self.extensions.append(&mut inner.extensions);
        if !self.has_stopped {
            self.errors.append(&mut inner.errors);
        }
        self.has_stopped |= inner.has_stopped;
        list
    }

    /// Reads something that can hold its like.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.error_here(SyntaxErrorKind::TooDeep);
            self.has_stopped = true;
            self.at = self.end;
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Where a part of the text stands in the Dockerfile.
    fn place(&self, range: Range<usize>) -> Span {
        self.script.place(range)
    }

    /// From `start` to here.
    fn since(&self, start: usize) -> Span {
        self.place(start..self.at.max(start))
    }

    /// An error about a place. The first error at a place says it all, and so does that it is too deep.
    fn error(&mut self, kind: SyntaxErrorKind, span: Span) {
        let is_said = |error: &SyntaxError| error.span.start == span.start;
        if !self.has_stopped && !self.errors.last().is_some_and(is_said) {
            self.errors.push(SyntaxError { kind, span });
        }
    }

    /// An error about what stands here.
    fn error_here(&mut self, kind: SyntaxErrorKind) {
        let span = self.place(self.next_token());
        self.error(kind, span);
    }

    /// That this does not stand here.
    fn expected(&mut self, what: &'static str) {
        self.error_here(SyntaxErrorKind::Expected(what));
    }

    /// That what began at `start` does not end.
    fn unterminated(&mut self, what: &'static str, start: usize) {
        let span = self.place(start..(start + 1).min(self.end));
        self.error(SyntaxErrorKind::Unterminated(what), span);
    }

    /// Marks what only bash understands.
    fn extension(&mut self, kind: ExtensionKind, span: Span) {
        if self.dialect == Dialect::Sh {
            self.extensions.push(Extension { kind, span });
        }
    }
}
