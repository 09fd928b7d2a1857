//! What a script says: lists of and-or lists of pipelines of commands. All places are those of the Dockerfile.

mod command;
mod condition;
mod node;
mod redirection;
mod word;

use dockerfile::Span;

pub use command::{
    Arithmetic, Assignment, CaseItem, Command, CommandKind, IfBranch, SimpleCommand,
};
pub use condition::{Condition, ConditionKind};
pub use node::Node;
pub use redirection::{Heredoc, Redirection, RedirectionOperator};
pub use word::{Parameter, Part, PartKind, Substitution, Word};

/// A list of and-or lists (POSIX.1-2024 XCU 2.9.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its and-or lists, in order.
    pub items: Vec<Item>,
    /// From the first to the last of them.
    pub span: Span,
}

/// An and-or list of a list, and what ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The and-or list.
    pub and_or: AndOr,
    /// `;`, `&` or a newline behind it, if anything.
    pub separator: Option<Separator>,
}

/// What separates and-or lists (XCU 2.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `;`.
    Semicolon,
    /// `&`: it runs in the background.
    Ampersand,
    /// A newline.
    Newline,
}

/// Pipelines joined by `&&` and `||` (XCU 2.9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, with what stands before each.
    pub rest: Vec<(AndOrOperator, Pipeline)>,
    /// From the first to the last.
    pub span: Span,
}

/// `&&` or `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AndOrOperator {
    /// `&&`, and where it stands.
    And(Span),
    /// `||`, and where it stands.
    Or(Span),
}

/// Commands joined by `|` (XCU 2.9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The `!` before it.
    pub bang: Option<Span>,
    /// bash's `time` before it (3.2.3).
    pub time: Option<Span>,
    /// The commands.
    pub commands: Vec<Command>,
    /// `|` or bash's `|&` between them: one less than there are commands.
    pub pipes: Vec<Span>,
    /// All of it.
    pub span: Span,
}
