//! The Shell Command Language: what the shell form of `RUN` says. A [`Script`] is a text that knows where each of its
//! bytes stands in the Dockerfile; [`parse()`] makes a tree of it, all of whose places are those of the Dockerfile.
//!
//! Bad text is data, as in the `dockerfile` crate: what is wrong goes to [`Parsed::errors`], and the commands around it
//! are read all the same. Whatever the dialect, the grammar is that of bash, which holds that of POSIX; in a script
//! for `sh`, what only bash has is read too, and marked ([`Parsed::extensions`]).
//!
//! | Part of the specification | Here |
//! |---|---|
//! | POSIX.1-2024 XCU 2.2 Quoting | [`ast::PartKind`] |
//! | 2.5, 2.6 Parameters, Word Expansions | [`ast::Parameter`], [`ast::PartKind`] |
//! | 2.7 Redirection | [`ast::Redirection`], [`ast::Heredoc`] |
//! | 2.9 Shell Commands | [`ast::List`], [`ast::AndOr`], [`ast::Pipeline`], [`ast::Command`] |
//! | Bash Reference Manual 3.2.5 Compound Commands | [`ast::CommandKind`], [`ast::Condition`] |
//!
//! Aliases are not expanded (2.3.1): a Dockerfile's shell is not interactive.

pub mod ast;
pub mod commands;

pub(crate) mod declaration;
mod error;
mod extension;
pub(crate) mod flow;
mod parser;
mod script;
pub(crate) mod walk;

use ast::{Heredoc, List};
use dockerfile::Span;

pub use error::{SyntaxError, SyntaxErrorKind};
pub use extension::{Extension, ExtensionKind};
pub use script::Script;

/// The language that the shell of a script understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// POSIX `sh`, as dash understands it.
    #[default]
    Sh,
    /// bash.
    Bash,
}

impl Dialect {
    /// The language of a program that `SHELL` or a `#!` names; nothing if it is no shell of this kind. ksh has what bash
    /// took over from it.
    pub fn of(program: &str) -> Option<Self> {
        match script::name(program) {
            "sh" | "dash" | "ash" => Some(Self::Sh),
            "bash" | "ksh" => Some(Self::Bash),
            _ => None,
        }
    }
}

/// What a script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Its commands.
    pub list: List,
    /// Its here-documents, in the order of their operators: a redirection names one by its index.
    pub heredocs: Vec<Heredoc>,
    /// Its comments, from `#` to the end of the line (POSIX.1-2024 XCU 2.3).
    pub comments: Vec<Span>,
    /// What is wrong.
    pub errors: Vec<SyntaxError>,
    /// What only bash understands, in a script for `sh`; nothing in one for bash.
    pub extensions: Vec<Extension>,
}

impl Parsed {
    /// Whether a shell of the script's dialect would start to run it.
    pub fn is_accepted(&self) -> bool {
        let refused = |extension: &Extension| extension.kind.is_refused();
        self.errors.is_empty() && !self.extensions.iter().any(refused)
    }
}

/// Reads a script.
pub fn parse(script: &Script, dialect: Dialect) -> Parsed {
    parser::parse(script, dialect)
}
