//! Redirections and here-documents (POSIX.1-2024 XCU 2.7).

use dockerfile::Span;

use super::{Part, Word};

/// `n>word`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// What stands before the operator: digits, or bash's `{name}`.
    pub descriptor: Option<String>,
    /// The operator.
    pub operator: RedirectionOperator,
    /// What stands behind the operator: a file, a descriptor, the word that ends a here-document.
    pub target: Option<Word>,
    /// The here-document, as an index into [`crate::shell::Parsed::heredocs`].
    pub heredoc: Option<usize>,
    /// All of it.
    pub span: Span,
}

/// The operators of XCU 2.7, and those that bash adds (Bash Reference Manual 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectionOperator {
    /// `<`.
    Input,
    /// `>`.
    Output,
    /// `>|`.
    Clobber,
    /// `>>`.
    Append,
    /// `<>`.
    ReadWrite,
    /// `<&`.
    DuplicateInput,
    /// `>&`.
    DuplicateOutput,
    /// `<<`.
    Heredoc,
    /// `<<-`.
    HeredocWithoutTabs,
    /// bash's `<<<`.
    HereString,
    /// bash's `&>`.
    Both,
    /// bash's `&>>`.
    AppendBoth,
}

/// A here-document (XCU 2.7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The line that ends it.
    pub delimiter: String,
    /// Whether the delimiter was quoted: then nothing is expanded in the body.
    pub is_quoted: bool,
    /// The body: one literal if it is quoted. Tabs that `<<-` takes off are still in it.
    pub parts: Vec<Part>,
    /// Where its lines stand.
    pub span: Span,
    /// Whether the line that ends it is there. Shells read on to the end of the script without it.
    pub is_terminated: bool,
}
