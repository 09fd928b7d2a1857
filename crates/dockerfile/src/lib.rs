//! The Dockerfile reference, written in Rust: source and spans, directives, heredocs, the syntax
//! tree, words and their expansion, mount options, ignore patterns.
//!
//! The way through it: a [`Source`] is [`parse()`]d to a [`Dockerfile`] and a list of
//! [`Diagnostic`]s. Nothing here does I/O, panics on bad text, or fails: bad text is data. Values
//! of variables come later, from whoever runs the instructions, with [`expand`]; what can only be
//! told then has a function of its own here:
//!
//! | Part of the reference | Here |
//! |---|---|
//! | Format, parser directives, heredocs | [`parse()`], [`ast::Directives`], [`Heredoc`] |
//! | Environment replacement | [`Variables`], [`expand`], [`expand_words`], [`expand_heredoc`] |
//! | The instructions | [`ast`] |
//! | `RUN --mount` | [`Mount::read`] |
//! | `COPY --chmod` | [`chmod`] |
//! | Wildcards of `COPY` and `ADD` | [`glob`] |
//! | `EXPOSE`, `STOPSIGNAL`, `HEALTHCHECK` | [`ports`], [`signal`], [`duration`] |
//! | `.dockerignore`, `--exclude` | [`ignore`] |
//!
//! Where the reference is silent, BuildKit's behaviour is the measure, and the text says so.

#![forbid(unsafe_code)]

pub mod ast;
pub mod chmod;
pub mod duration;
pub mod glob;
pub mod ignore;
pub mod ports;
pub mod signal;
pub mod size;

mod device;
mod diagnostic;
mod flags;
mod forms;
mod heredoc;
mod keyword;
mod lexer;
mod mount;
mod parse;
mod secret;
mod source;
mod span;
mod suggest;
mod text;
mod variables;
mod words;

pub use ast::{Dockerfile, Escape};
pub use device::Device;
pub use diagnostic::{Diagnostic, Severity};
pub use heredoc::Heredoc;
pub use mount::{Mount, MountError, Sharing};
pub use parse::{Parsed, parse, parse_trigger};
pub use secret::is_secret;
pub use source::Source;
pub use span::Span;
pub use suggest::suggest;
pub use variables::Variables;
pub use words::{
    ExpandError, Expansion, Lookup, Unexpandable, expand, expand_heredoc, expand_words,
};
