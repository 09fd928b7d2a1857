//! Command substitutions and arithmetic (POSIX.1-2024 XCU 2.6.3 and 2.6.4), and bash's process substitutions.

use super::Parser;
use super::cursor::{is_in_name, starts_name};
use super::word::Context;
use crate::shell::Script;
use crate::shell::ast::{Arithmetic, PartKind};
use crate::shell::extension::ExtensionKind;

impl Parser<'_> {
    /// What a `$` begins; nothing if it stands for itself.
    pub(super) fn dollar(&mut self, context: Context) -> Option<PartKind> {
        let start = self.start();
        let second = self.peek_second()?;
        let is_quoted = context.is_quoted();
        match second {
            b'\'' | b'"' if is_quoted => return None,
            b'[' if !self.is_bracket_arithmetic() => return None,
            b'\'' | b'"' | b'[' | b'(' | b'{' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => {}
            byte if is_in_name(byte) => {}
            _ => return None,
        }
        self.eat("$");
        Some(match second {
            b'\'' => self.dollar_single_quoted(start),
            b'"' => self.dollar_double_quoted(start),
            b'[' => self.bracket_arithmetic(start),
            b'(' => self.dollar_parenthesis(start),
            b'{' => self.braced(start, context),
            byte if starts_name(byte) => self.named(),
            _ => self.special_parameter(),
        })
    }

    /// `$((…))` or `$(…)`, behind whose `$` this is.
    fn dollar_parenthesis(&mut self, start: usize) -> PartKind {
        let here = self.start();
        if self.is_at("((") && self.is_arithmetic(here + 2) {
            self.eat("((");
            let parts = self.parts(Context::Arithmetic);
            self.close("))", "arithmetic expansion", start);
            return PartKind::Arithmetic(Arithmetic { parts });
        }
        self.eat("(");
        let list = self.list();
        self.close(")", "command substitution", start);
        PartKind::Command(list)
    }

    /// Whether the parentheses that are open at `from` close together: else they are those of subshells. One that does
    /// not end counts as arithmetic, so that nobody looks that far twice.
    pub(super) fn is_arithmetic(&self, from: usize) -> bool {
        let bytes = self.bytes();
        let mut open = 0_usize;
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'(' => open += 1,
                b')' if open == 0 => return bytes.get(at + 1) == Some(&b')'),
                b')' => open -= 1,
                _ => {}
            }
            at += 1;
        }
        true
    }

    /// Whether bash's `$[` closes on the same line. For `sh` it is a pattern.
    fn is_bracket_arithmetic(&self) -> bool {
        let line = self.bytes()[self.at..].iter().take(256);
        let mut line = line.take_while(|byte| !matches!(byte, b'\n' | b'"' | b'\''));
        self.is_bash() || line.any(|byte| *byte == b']')
    }

    /// bash's `$[…]`, behind whose `$` this is.
    fn bracket_arithmetic(&mut self, start: usize) -> PartKind {
        self.eat("[");
        let parts = self.parts(Context::Brackets);
        self.close("]", "arithmetic expansion", start);
        self.extension(ExtensionKind::BracketArithmetic, self.since(start));
        PartKind::Arithmetic(Arithmetic { parts })
    }

    /// bash's `<(…)` and `>(…)`.
    pub(super) fn process_substitution(&mut self) -> PartKind {
        let start = self.start();
        self.at += 1;
        self.eat("(");
        let list = self.list();
        self.close(")", "process substitution", start);
        self.extension(ExtensionKind::ProcessSubstitution, self.since(start));
        PartKind::Process(list)
    }

    /// `` `…` ``: a backslash in it goes where `$`, a backquote or a backslash follows, and between double quotes
    /// where a double quote does. What is left is a script.
    pub(super) fn backquoted(&mut self, context: Context) -> PartKind {
        let start = self.start();
        self.at += 1;
        let mut script = Script::default();
        let mut piece = self.at;
        let mut is_closed = false;
        while let Some(byte) = self.bytes().get(self.at).copied() {
            if byte == b'`' {
                is_closed = true;
                break;
            }
            let second = self.bytes().get(self.at + 1).copied();
            let goes = match second {
                Some(b'$' | b'`' | b'\\') => true,
                Some(b'"') => context == Context::DoubleQuotes,
                _ => false,
            };
            if byte == b'\\' && goes {
                script.push_part(self.script, piece..self.at);
                piece = self.at + 1;
                self.at += 1;
            }
            self.at += 1;
        }
        script.push_part(self.script, piece..self.at);
        if is_closed {
            self.at += 1;
        } else {
            self.unterminated("command substitution", start);
        }
        let list = self.nested(|parser| {
            if parser.has_stopped {
                crate::shell::ast::List::default()
            } else {
                parser.inner(&script)
            }
        });
        PartKind::Backquoted(list)
    }
}
