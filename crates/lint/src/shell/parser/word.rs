//! Words and quoting (POSIX.1-2024 XCU 2.2 and 2.3).

use super::Parser;
use super::cursor::is_meta;
use crate::shell::ast::{Part, PartKind, Word};
use crate::shell::extension::ExtensionKind;

/// What the parts stand in: it says what is special, and what ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// An unquoted word.
    Word,
    /// The right side of an operator of `[[`: parentheses and what is in them belong to the word.
    Pattern,
    /// Double quotes.
    DoubleQuotes,
    /// The body of a here-document.
    Heredoc,
    /// `${…}`.
    Braces,
    /// `${…}` in double quotes, where single quotes do not quote.
    QuotedBraces,
    /// `$((…))` and `((…))`: as between double quotes.
    Arithmetic,
    /// `[…]` behind a name, and `$[…]`.
    Brackets,
}

/// Parts side by side, the last of which may be a literal that goes on.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    literal: String,
    start: Option<usize>,
}

impl Context {
    /// Whether it is as between double quotes.
    pub(super) fn is_quoted(self) -> bool {
        matches!(
            self,
            Self::DoubleQuotes | Self::Heredoc | Self::QuotedBraces | Self::Arithmetic
        )
    }

    /// What `${…}` in it is.
    pub(super) fn braces(self) -> Self {
        if self.is_quoted() {
            Self::QuotedBraces
        } else {
            Self::Braces
        }
    }

    /// Whether a byte ends the parts, with so many parentheses or brackets open.
    fn is_end(self, byte: u8, open: usize, parser: &Parser<'_>) -> bool {
        match self {
            Self::Word => is_meta(byte) && !parser.is_process_substitution(byte),
            Self::Pattern => open == 0 && parser.ends_pattern(byte),
            Self::DoubleQuotes => byte == b'"',
            Self::Heredoc => false,
            Self::Braces | Self::QuotedBraces => byte == b'}',
            Self::Arithmetic => open == 0 && byte == b')',
            Self::Brackets => open == 0 && byte == b']',
        }
    }

    /// How many parentheses or brackets are open behind a byte.
    fn open(self, byte: u8, open: usize) -> usize {
        let (opening, closing) = match self {
            Self::Pattern | Self::Arithmetic => (b'(', b')'),
            Self::Brackets => (b'[', b']'),
            _ => return 0,
        };
        if byte == opening {
            open + 1
        } else if byte == closing {
            open.saturating_sub(1)
        } else {
            open
        }
    }
}

impl Parser<'_> {
    /// An unquoted word, if one begins here.
    pub(super) fn word(&mut self) -> Option<Word> {
        let start = self.start();
        let parts = self.parts(Context::Word);
        (self.at > start && !parts.is_empty()).then(|| Word {
            parts,
            span: self.since(start),
        })
    }

    /// What stands between two signs, which may be nothing.
    pub(super) fn inner_word(&mut self, context: Context) -> Word {
        let start = self.at;
        let parts = self.parts(context);
        Word {
            parts,
            span: self.since(start),
        }
    }

    /// The parts up to what ends them.
    pub(super) fn parts(&mut self, context: Context) -> Vec<Part> {
        self.nested(|parser| {
            let mut parts = Parts::default();
            let mut open = 0;
            while let Some(byte) = parser.peek() {
                if context.is_end(byte, open, parser) {
                    break;
                }
                let start = parser.at;
                match parser.special(byte, context) {
                    Some(kind) => {
                        parts.flush(parser, start);
                        let span = parser.since(start);
                        parts.parts.push(Part { kind, span });
                    }
                    None => {
                        open = context.open(byte, open);
                        parts.start.get_or_insert(start);
                        parser.literal(&mut parts.literal);
                    }
                }
            }
            parts.flush(parser, parser.at);
            parts.parts
        })
    }

    /// A part that is no literal, if one comes next.
    fn special(&mut self, byte: u8, context: Context) -> Option<PartKind> {
        match byte {
            b'\\' => self.escaped(context),
            b'\'' if !context.is_quoted() => Some(self.single_quoted()),
            b'"' if context != Context::Heredoc => Some(self.double_quoted()),
            b'`' => Some(self.backquoted(context)),
            b'$' => self.dollar(context),
            b'<' | b'>' if context == Context::Word => Some(self.process_substitution()),
            _ => None,
        }
    }

    /// Takes characters that stand for themselves: the next one, and plain ones behind it.
    fn literal(&mut self, text: &mut String) {
        self.start();
        text.extend(self.take_char());
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:,%".contains(byte);
        let plain = { self.bytes()[self.at..].iter() }
            .take_while(|byte| is_plain(byte))
            .count();
        text.push_str(&self.text()[self.at..self.at + plain]);
        self.at += plain;
    }

    /// `\` and the character that it quotes. Between double quotes it quotes some only; it is a literal before others.
    fn escaped(&mut self, context: Context) -> Option<PartKind> {
        let start = self.start();
        let sign = self.text()[start + 1..].chars().next()?;
        let quotes = match context {
            Context::DoubleQuotes | Context::Arithmetic => matches!(sign, '$' | '`' | '"' | '\\'),
            Context::Heredoc => matches!(sign, '$' | '`' | '\\'),
            Context::QuotedBraces => matches!(sign, '$' | '`' | '"' | '\\' | '}'),
            _ => true,
        };
        if !quotes {
            return None;
        }
        self.at = start + 1;
        self.take_char().map(PartKind::Escaped)
    }

    /// `'…'`.
    fn single_quoted(&mut self) -> PartKind {
        let start = self.start();
        self.at += 1;
        let rest = &self.text()[self.at..];
        let Some(length) = rest.find('\'') else {
            let text = rest.to_owned();
            self.at = self.end;
            self.unterminated("single-quoted string", start);
            return PartKind::SingleQuoted(text);
        };
        let text = rest[..length].to_owned();
        self.at += length + 1;
        PartKind::SingleQuoted(text)
    }

    /// `"…"`.
    fn double_quoted(&mut self) -> PartKind {
        PartKind::DoubleQuoted(self.between_double_quotes())
    }

    fn between_double_quotes(&mut self) -> Vec<Part> {
        let start = self.start();
        self.eat("\"");
        let parts = self.parts(Context::DoubleQuotes);
        self.close("\"", "double-quoted string", start);
        parts
    }

    /// `$'…'`, behind whose `$` this is.
    pub(super) fn dollar_single_quoted(&mut self, start: usize) -> PartKind {
        self.eat("'");
        let inner = self.at;
        let mut is_escaped = false;
        let length = self.bytes()[inner..].iter().position(|byte| {
            let is_end = *byte == b'\'' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            is_end
        });
        let end = length.map_or(self.end, |length| inner + length);
        let text = self.text()[inner..end].to_owned();
        self.at = (end + 1).min(self.end);
        if length.is_none() {
            self.unterminated("single-quoted string", start);
        }
        self.extension(ExtensionKind::DollarSingleQuotes, self.since(start));
        PartKind::DollarSingleQuoted(text)
    }

    /// `$"…"`, behind whose `$` this is.
    pub(super) fn dollar_double_quoted(&mut self, start: usize) -> PartKind {
        let parts = self.between_double_quotes();
        self.extension(ExtensionKind::DollarDoubleQuotes, self.since(start));
        PartKind::DollarDoubleQuoted(parts)
    }

    fn is_process_substitution(&self, byte: u8) -> bool {
        matches!(byte, b'<' | b'>') && self.peek_second() == Some(b'(')
    }

    fn ends_pattern(&self, byte: u8) -> bool {
        match byte {
            b' ' | b'\t' | b'\n' | b')' => true,
            b'|' | b'&' => self.peek_second() == Some(byte),
            _ => false,
        }
    }
}

impl Parts {
    /// Ends the literal, if there is one.
    fn flush(&mut self, parser: &Parser<'_>, end: usize) {
        let Some(start) = self.start.take() else {
            return;
        };
        let kind = PartKind::Literal(std::mem::take(&mut self.literal));
        let span = parser.place(start..end);
        self.parts.push(Part { kind, span });
    }
}
