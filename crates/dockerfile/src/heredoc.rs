//! Heredocs: `<<EOF` and the lines up to `EOF`.

use crate::Span;

/// A heredoc: a text inside the Dockerfile, given to `RUN`, `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes. `COPY` and `ADD` name the file by it.
    pub name: String,
    /// The lines, each with a line feed at its end (carriage returns as written).
    pub body: String,
    /// The same lines with the tabs that `<<-` takes off: what a shell reads that knows `<<-` itself.
    pub written: String,
    /// Whether `COPY` and `ADD` replace variables in the body: the word was written without
    /// quotes.
    pub expand: bool,
    /// Whether it was written `<<-`: leading tabs are taken off the lines (in `body` they are off).
    pub strip_tabs: bool,
    /// The file descriptor before `<<`, 0 if none is given.
    pub fd: u32,
    /// Place of `<<EOF`.
    pub span: Span,
    /// Place of the lines between, without the line that ends it.
    pub body_span: Span,
}
