//! Parameter expansion (POSIX.1-2024 XCU 2.6.2; Bash Reference Manual 3.5.3).

use super::Parser;
use super::cursor::{is_in_name, starts_name};
use super::word::Context;
use crate::shell::ast::{Parameter, PartKind, Substitution};
use crate::shell::extension::ExtensionKind;

/// The operators, the longer ones first.
const OPERATORS: [&str; 21] = [
    ":-", ":=", ":?", ":+", "##", "%%", "//", "^^", ",,", "-", "=", "?", "+", "#", "%", "/", "^",
    ",", "@", "*", ":",
];

impl Parser<'_> {
    /// `$name`, behind whose `$` this is.
    pub(super) fn named(&mut self) -> PartKind {
        let name = self.take_while(is_in_name);
        PartKind::Parameter(plain(name))
    }

    /// `$1`, `$@` and their like, behind whose `$` this is.
    pub(super) fn special_parameter(&mut self) -> PartKind {
        self.start();
        let name = self.take_char().map(String::from);
        PartKind::Parameter(plain(name.unwrap_or_default()))
    }

    /// `${…}`, behind whose `$` this is.
    pub(super) fn braced(&mut self, start: usize, context: Context) -> PartKind {
        self.eat("{");
        let is_length = self.is_before_parameter(b'#') && self.eat("#");
        let is_indirect = !is_length && self.is_before_parameter(b'!') && self.eat("!");
        if is_indirect {
            self.extension(ExtensionKind::Indirect, self.since(start));
        }
        let name = self.parameter_name();
        let subscript = self.subscript();
        let substitution = self.substitution(start, context.braces());
        self.close("}", "parameter expansion", start);
        PartKind::Parameter(Parameter {
            name,
            is_braced: true,
            is_length,
            is_indirect,
            subscript,
            substitution,
        })
    }

    /// Whether `sign` is a prefix of the parameter behind it, and not a parameter itself: `${#}`, `${#-x}`.
    fn is_before_parameter(&self, sign: u8) -> bool {
        if self.peek() != Some(sign) {
            return false;
        }
        let rest = &self.bytes()[self.at..];
        match self.peek_second() {
            Some(byte) if is_in_name(byte) => true,
            Some(b'@' | b'*') => true,
            Some(b'#' | b'?' | b'-' | b'!' | b'$') => rest.get(2) == Some(&b'}'),
            _ => false,
        }
    }

    /// A name, a number or a special character.
    fn parameter_name(&mut self) -> String {
        match self.peek() {
            Some(byte) if starts_name(byte) => self.take_while(is_in_name),
            Some(byte) if byte.is_ascii_digit() => self.take_while(|byte| byte.is_ascii_digit()),
            Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => {
                self.start();
                self.take_char().map(String::from).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// What stands between the parameter and the brace.
    fn substitution(&mut self, start: usize, context: Context) -> Option<Substitution> {
        if matches!(self.peek(), None | Some(b'}')) {
            return None;
        }
        let operator = OPERATORS.into_iter().find(|operator| self.eat(operator));
        // Quotes quote in patterns, whatever is around.
        let is_pattern = matches!(operator, Some("#" | "##" | "%" | "%%" | "/" | "//"));
        let context = if is_pattern { Context::Braces } else { context };
        let word = self.inner_word(context);
        let extension = match operator {
            Some(":") => Some(ExtensionKind::Substring),
            Some("/" | "//") => Some(ExtensionKind::Replacement),
            Some("^" | "^^" | "," | ",,") => Some(ExtensionKind::CaseModification),
            Some("@") => Some(ExtensionKind::Transformation),
            _ => None,
        };
        if let Some(kind) = extension {
            self.extension(kind, self.since(start));
        }
        Some(Substitution {
            operator: operator.unwrap_or(""),
            word,
        })
    }
}

/// A parameter without braces.
fn plain(name: String) -> Parameter {
    Parameter {
        name,
        is_braced: false,
        is_length: false,
        is_indirect: false,
        subscript: None,
        substitution: None,
    }
}
