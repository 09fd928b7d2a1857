//! How a variable's value is split where nothing quotes it.

use crate::shell::ast::{Part, PartKind, Word};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Unknown,
    /// It is empty.
    Empty,
    /// It has neither blanks nor signs of patterns.
    Plain,
    /// It is written in the script, and has some.
    Several,
}

impl Value {
    /// What holds where it is this or the other.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Several, _) | (_, Self::Several) => Self::Several,
            (Self::Plain, _) | (_, Self::Plain) => Self::Plain,
            (Self::Empty, Self::Empty) => Self::Empty,
        }
    }

    /// What both make side by side.
    pub(crate) fn and(self, other: Self) -> Self {
        self.or(other)
    }

    /// Of a text that stands for itself.
    pub(crate) fn of_text(text: &str) -> Self {
        if text.is_empty() {
            Self::Empty
        } else if text.contains([' ', '\t', '\n', '*', '?', '[']) {
            Self::Several
        } else {
            Self::Plain
        }
    }

    /// The value that a word gives to a variable; `variable` says what others hold.
    pub(super) fn of_word(word: &Word, variable: &dyn Fn(&str) -> Self) -> Self {
        if word.has_braces() {
            return Self::Unknown;
        }
        Self::of_parts(&word.parts, variable)
    }

    /// The value of parts side by side.
    pub(crate) fn of_parts(parts: &[Part], variable: &dyn Fn(&str) -> Self) -> Self {
        let values = parts.iter().map(|part| of_part(&part.kind, variable));
        values.fold(Self::Empty, Self::and)
    }
}

fn of_part(kind: &PartKind, variable: &dyn Fn(&str) -> Value) -> Value {
    match kind {
        PartKind::Literal(text) | PartKind::SingleQuoted(text) => Value::of_text(text),
        PartKind::DollarSingleQuoted(text) if text.contains('\\') => Value::Several,
        PartKind::DollarSingleQuoted(text) => Value::of_text(text),
        PartKind::Escaped(sign) => Value::of_text(sign.encode_utf8(&mut [0; 4])),
        PartKind::DoubleQuoted(parts) | PartKind::DollarDoubleQuoted(parts) => {
            Value::of_parts(parts, variable)
        }
        PartKind::Parameter(parameter) => {
            let is_changed = parameter.substitution.is_some()
                || parameter.subscript.is_some()
                || parameter.is_indirect
                || parameter.is_length;
            match parameter.name.as_str() {
                _ if is_changed => Value::Unknown,
                "#" | "?" | "$" | "!" | "-" => Value::Plain,
                name => variable(name),
            }
        }
        PartKind::Arithmetic(_) => Value::Plain,
        PartKind::Command(_)
        | PartKind::Backquoted(_)
        | PartKind::Process(_)
        | PartKind::Array(_) => Value::Unknown,
    }
}
