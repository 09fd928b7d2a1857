//! What stands between `[[` and `]]` (Bash Reference Manual 3.2.5.2).

use dockerfile::Span;

use super::Word;

/// A conditional expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is.
    pub kind: ConditionKind,
    /// All of it.
    pub span: Span,
}

/// The conditional expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// `a || b`.
    Or(Box<Condition>, Box<Condition>),
    /// `a && b`.
    And(Box<Condition>, Box<Condition>),
    /// `! a`.
    Not(Box<Condition>),
    /// `( a )`.
    Group(Box<Condition>),
    /// `-f word`.
    Unary(Word, Word),
    /// `word == word`: the left side, the operator, the right side.
    Binary(Word, Word, Word),
    /// A word alone: whether it is not empty.
    Word(Word),
}
