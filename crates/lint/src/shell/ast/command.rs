//! Commands (POSIX.1-2024 XCU 2.9).

use dockerfile::Span;

use super::{Condition, List, Part, Redirection, Word};

/// A command, with its redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// Its redirections (XCU 2.7), in order. Those of a simple command may stand before and between its words.
    pub redirections: Vec<Redirection>,
    /// All of it.
    pub span: Span,
}

/// The commands of XCU 2.9, and those that bash adds (Bash Reference Manual 3.2.5, 3.2.6, 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// A simple command (XCU 2.9.1).
    Simple(SimpleCommand),
    /// `{ …; }` (XCU 2.9.4.1).
    BraceGroup(List),
    /// `( … )` (XCU 2.9.4.1).
    Subshell(List),
    /// `for name in word …; do …; done` (XCU 2.9.4.2).
    For {
        /// The name, in one literal part.
        name: Word,
        /// The words behind `in`; without it, it is the positional parameters.
        words: Option<Vec<Word>>,
        /// What is done.
        body: List,
    },
    /// bash's `for ((…; …; …)); do …; done`.
    ArithmeticFor {
        /// What stands between the parentheses.
        header: Arithmetic,
        /// What is done.
        body: List,
    },
    /// bash's `select name in word …; do …; done`.
    Select {
        /// The name, in one literal part.
        name: Word,
        /// The words behind `in`.
        words: Option<Vec<Word>>,
        /// What is done.
        body: List,
    },
    /// `case word in … esac` (XCU 2.9.4.3).
    Case {
        /// What is compared.
        word: Word,
        /// The patterns, and what is done.
        items: Vec<CaseItem>,
    },
    /// `if …; then …; elif …; then …; else …; fi` (XCU 2.9.4.4).
    If {
        /// `if` and each `elif`.
        branches: Vec<IfBranch>,
        /// What is done `else`.
        otherwise: Option<List>,
    },
    /// `while …; do …; done` (XCU 2.9.4.5).
    While {
        /// What must succeed.
        condition: List,
        /// What is done.
        body: List,
    },
    /// `until …; do …; done` (XCU 2.9.4.6).
    Until {
        /// What must fail.
        condition: List,
        /// What is done.
        body: List,
    },
    /// bash's `[[ … ]]`; nothing if there is no expression to read.
    Conditional(Option<Box<Condition>>),
    /// bash's `((…))`.
    Arithmetic(Arithmetic),
    /// `name() …` (XCU 2.9.5), and bash's `function name …`.
    Function {
        /// The name, in one literal part.
        name: Word,
        /// What it does, if there is anything.
        body: Option<Box<Command>>,
    },
    /// bash's `coproc name …`.
    Coprocess {
        /// Its name.
        name: Option<Word>,
        /// What runs.
        body: Option<Box<Command>>,
    },
}

/// A simple command: assignments, and the words of the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCommand {
    /// The assignments before the words.
    pub assignments: Vec<Assignment>,
    /// The command and its arguments.
    pub words: Vec<Word>,
}

/// `name=value` before the words of a simple command (XCU 2.9.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The name.
    pub name: String,
    /// bash's `name[…]=`: what is between the brackets.
    pub subscript: Option<Word>,
    /// Whether it is bash's `name+=`.
    pub appends: bool,
    /// The value, if there is one; bash's `name=(…)` has one [`super::PartKind::Array`].
    pub value: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// `if` or `elif`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfBranch {
    /// What must succeed.
    pub condition: List,
    /// What is done then.
    pub body: List,
    /// From the keyword to the end of the body.
    pub span: Span,
}

/// `pattern | pattern) …;;`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseItem {
    /// The patterns.
    pub patterns: Vec<Word>,
    /// What is done.
    pub body: List,
    /// `;;`, `;&` or bash's `;;&`; the last item needs none.
    pub terminator: Option<Span>,
    /// All of it.
    pub span: Span,
}

/// An arithmetic expression (XCU 2.6.4), which is not taken apart but for what is expanded in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arithmetic {
    /// Literals and expansions.
    pub parts: Vec<Part>,
}
