//! What is wrong with a script.

use std::fmt;

use dockerfile::Span;

/// Something that no shell of the dialect reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where.
    pub span: Span,
}

/// The ways to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// This should stand here.
    Expected(&'static str),
    /// This token cannot stand here.
    Unexpected(String),
    /// This begins here, and does not end.
    Unterminated(&'static str),
    /// This is no name (POSIX.1-2024 XBD 3.216).
    InvalidName(String),
    /// Commands or expansions within each other, too deep to go on: the rest was not read.
    TooDeep,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SyntaxErrorKind::Expected(what) => write!(out, "expected {what}"),
            SyntaxErrorKind::Unexpected(what) => write!(out, "unexpected `{what}`"),
            SyntaxErrorKind::Unterminated(what) => write!(out, "this {what} has no end"),
            SyntaxErrorKind::InvalidName(name) => write!(out, "`{name}` is no name"),
            SyntaxErrorKind::TooDeep => write!(out, "commands are nested too deep"),
        }
    }
}
