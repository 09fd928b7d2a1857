//! Words, and what they are made of (POSIX.1-2024 XCU 2.2 and 2.6).

use dockerfile::Span;

use super::{Arithmetic, List};

/// A word: its parts stand side by side, and cover it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is made of.
    pub parts: Vec<Part>,
    /// All of it.
    pub span: Span,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Where, with quotes and signs.
    pub span: Span,
}

/// What a word can be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Text that stands for itself, but for patterns, braces and a tilde in it. Line continuations are off.
    Literal(String),
    /// `\` and a character (XCU 2.2.1).
    Escaped(char),
    /// `'…'` (XCU 2.2.2).
    SingleQuoted(String),
    /// `$'…'` (XCU 2.2.4); the escapes are still in it.
    DollarSingleQuoted(String),
    /// `"…"` (XCU 2.2.3).
    DoubleQuoted(Vec<Part>),
    /// bash's `$"…"` (3.1.2.5).
    DollarDoubleQuoted(Vec<Part>),
    /// `$name`, `${…}` (XCU 2.6.2).
    Parameter(Parameter),
    /// `$(…)` (XCU 2.6.3).
    Command(List),
    /// `` `…` `` (XCU 2.6.3).
    Backquoted(List),
    /// `$((…))` (XCU 2.6.4), and bash's `$[…]`.
    Arithmetic(Arithmetic),
    /// bash's `<(…)` and `>(…)` (3.5.6).
    Process(List),
    /// bash's `(…)` behind `name=` (6.7).
    Array(Vec<Word>),
}

/// `$name` or `${…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name, the number, or the special character (XCU 2.5); empty if there is none, which no shell expands.
    pub name: String,
    /// Whether it stands in braces.
    pub is_braced: bool,
    /// Whether it is `${#name}`: the length.
    pub is_length: bool,
    /// Whether it is bash's `${!name}`.
    pub is_indirect: bool,
    /// bash's `${name[…]}`: what is between the brackets.
    pub subscript: Option<Word>,
    /// What is done with the value.
    pub substitution: Option<Substitution>,
}

/// An operator of `${…}`, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// `:-`, `-`, `:=`, `=`, `:?`, `?`, `:+`, `+`, `#`, `##`, `%`, `%%`; in bash also `:`, `/`, `//`, `^`, `^^`, `,`,
    /// `,,`, `@`, `*`. Empty if it is none of them, which no shell expands.
    pub operator: &'static str,
    /// What stands behind it. For bash's `/` and `:` the separator between both halves is part of it.
    pub word: Word,
}

impl Word {
    /// Its text without quotes, if it says what the shell makes of it: if nothing is expanded in it.
    pub fn literal(&self) -> Option<String> {
        let mut text = String::new();
        push_literal(&self.parts, &mut text).then_some(text)
    }

    /// Whether any of it is quoted or escaped.
    pub fn is_quoted(&self) -> bool {
        self.parts.iter().any(|part| {
            matches!(
                part.kind,
                PartKind::Escaped(_)
                    | PartKind::SingleQuoted(_)
                    | PartKind::DollarSingleQuoted(_)
                    | PartKind::DoubleQuoted(_)
                    | PartKind::DollarDoubleQuoted(_)
            )
        })
    }

    /// Whether file names can take its place (XCU 2.6.6): an unquoted `*`, `?` or `[`.
    pub fn has_pattern(&self) -> bool {
        self.unquoted().any(|text| text.contains(['*', '?', '[']))
    }

    /// Whether bash makes several words of it (3.5.1): an unquoted `{` with a `,` or `..` and a `}` behind it.
    pub fn has_braces(&self) -> bool {
        let text: String = self.parts.iter().map(visible).collect();
        let Some((_, rest)) = text.split_once('{') else {
            return false;
        };
        let is_list = |(inside, _): (&str, &str)| inside.contains(',') || inside.contains("..");
        rest.rsplit_once('}').is_some_and(is_list)
    }

    /// Whether it starts with a tilde that stands for a home directory (XCU 2.6.1).
    pub fn has_tilde(&self) -> bool {
        let first = self.parts.first().map(|part| &part.kind);
        matches!(first, Some(PartKind::Literal(text)) if text.starts_with('~'))
    }

    /// Its unquoted literal texts.
    fn unquoted(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match &part.kind {
            PartKind::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// A literal as it is, and one sign for anything else.
fn visible(part: &Part) -> &str {
    match &part.kind {
        PartKind::Literal(text) => text,
        _ => "x",
    }
}

/// Puts the text of literal and quoted parts together; false if others are among them.
fn push_literal(parts: &[Part], text: &mut String) -> bool {
    parts.iter().all(|part| {
        match &part.kind {
            PartKind::Literal(part) | PartKind::SingleQuoted(part) => text.push_str(part),
            PartKind::Escaped(sign) => text.push(*sign),
            PartKind::DoubleQuoted(parts) => return push_literal(parts, text),
            _ => return false,
        }
        true
    })
}

#[cfg(test)]
mod tests {
    use super::Word;
    use crate::shell::commands::simple_commands;
    use crate::shell::{Dialect, Script, parse};

    fn word(text: &str) -> Word {
        let parsed = parse(&Script::whole(text), Dialect::Bash);
        simple_commands(&parsed)[0].simple.words[0].clone()
    }

    #[test]
    fn what_is_known_of_a_word() {
        for (text, literal) in [
            ("a'b'\"c\"\\d", Some("abcd")),
            ("''", Some("")),
            ("a$b", None),
            ("\"`b`\"", None),
            ("$'a'", None),
        ] {
            assert_eq!(word(text).literal().as_deref(), literal, "{text}");
        }
    }

    #[test]
    fn patterns_braces_and_tildes() {
        for (text, pattern, braces, tilde) in [
            ("a*", true, false, false),
            ("'*'\\?\"[\"", false, false, false),
            ("{a,$b}", false, true, false),
            ("a{1..3}", false, true, false),
            ("{}", false, false, false),
            ("'{'a,b}", false, false, false),
            ("~/a", false, false, true),
            ("'~'", false, false, false),
        ] {
            let word = word(text);
            let found = (word.has_pattern(), word.has_braces(), word.has_tilde());
            assert_eq!(found, (pattern, braces, tilde), "{text}");
        }
    }
}
