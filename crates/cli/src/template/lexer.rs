//! Text to tokens, as Go's `text/template/parse/lex.go` cuts it.

use super::literal;
use super::value::Value;

/// What `\t` and `\n` mean outside of `{{ }}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Two characters.
    Kept,
    /// A tab, a new line.
    Read,
}

/// A token, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// In bytes from the beginning of the template.
    pub(super) at: usize,
    /// As it is written.
    pub(super) text: String,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Text,
    /// `}}`; `{{` is not kept: what follows text or `}}` is inside.
    RightDelim,
    LeftDelim,
    Space,
    Pipe,
    Open,
    Close,
    /// `:=`.
    Declare,
    /// `=`.
    Assign,
    Dot,
    Nil,
    Field,
    Variable,
    Identifier,
    /// `if`, `end` and so on.
    Keyword,
    Literal(Literal),
    /// Any other sign.
    Char,
    /// What is wrong with the text from here on; nothing follows.
    Error(String),
    Eof,
}

/// The value of a literal. (A wrapper, since values are compared in templates only.)
#[derive(Debug, Clone)]
pub(super) struct Literal(pub(super) Value);

impl PartialEq for Literal {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

const KEYWORDS: [&str; 10] = [
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
];

/// All tokens. The last one is [`TokenKind::Error`] or [`TokenKind::Eof`].
pub(super) fn lex(source: &str, escapes: Escapes) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        at: 0,
        tokens: Vec::new(),
        parentheses: 0,
        escapes,
    };
    let end = match lexer.all() {
        Ok(()) => TokenKind::Eof,
        Err(message) => TokenKind::Error(message),
    };
    lexer.push(end, 0);
    lexer.tokens
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
    parentheses: usize,
    escapes: Escapes,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    /// Takes so many bytes as a token.
    fn push(&mut self, kind: TokenKind, length: usize) {
        let text = self.rest()[..length].to_owned();
        self.tokens.push(Token {
            at: self.at,
            text,
            kind,
        });
        self.at += length;
    }

    fn all(&mut self) -> Result<(), String> {
        let mut trims = false;
        loop {
            let rest = self.rest();
            let (text, open) = match rest.find("{{") {
                Some(open) => (&rest[..open], true),
                None => (rest, false),
            };
            let after = &rest[text.len()..];
            let ends = after.strip_prefix("{{-").is_some_and(starts_blank);
            self.text(text, trims, open && ends);
            if !open {
                return Ok(());
            }
            self.at += if ends { 3 } else { 2 };
            trims = match self.rest().trim_start_matches(BLANKS).starts_with("/*")
                && (ends || self.rest().starts_with("/*"))
            {
                true => self.comment()?,
                false => self.action()?,
            };
        }
    }

    fn text(&mut self, text: &str, trims_start: bool, trims_end: bool) {
        let length = text.len();
        let text = if trims_start {
            text.trim_start_matches(BLANKS)
        } else {
            text
        };
        let text = if trims_end {
            text.trim_end_matches(BLANKS)
        } else {
            text
        };
        let text = match self.escapes {
            Escapes::Kept => text.to_owned(),
            Escapes::Read => text.replace("\\t", "\t").replace("\\n", "\n"),
        };
        if !text.is_empty() {
            self.tokens.push(Token {
                at: self.at,
                text,
                kind: TokenKind::Text,
            });
        }
        self.at += length;
    }

    /// Passes over a comment, which must be alone between its delimiters. Whether it trims what follows.
    fn comment(&mut self) -> Result<bool, String> {
        let rest = self.rest();
        let Some(end) = rest.find("*/") else {
            return Err("unclosed comment".to_owned());
        };
        let after = &rest[end + 2..];
        let trims = ends_trimming(after);
        let after = after.trim_start_matches(BLANKS);
        let after = if trims { &after[1..] } else { after };
        let Some(after) = after.strip_prefix("}}") else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.at = self.source.len() - after.len();
        Ok(trims)
    }

    /// The tokens up to `}}`. Whether it trims what follows.
    fn action(&mut self) -> Result<bool, String> {
        self.push(TokenKind::LeftDelim, 0);
        self.parentheses = 0;
        loop {
            let rest = self.rest();
            let trims = ends_trimming(rest);
            if trims || rest.starts_with("}}") {
                if self.parentheses > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                if trims {
                    self.at = self.source.len() - rest.trim_start_matches(BLANKS).len() + 1;
                }
                self.push(TokenKind::RightDelim, 2);
                return Ok(trims);
            }
            self.token()?;
        }
    }

    fn token(&mut self) -> Result<(), String> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Err("unclosed action".to_owned());
        };
        let second = rest[first.len_utf8()..].chars().next();
        match first {
            c if BLANKS.contains(&c) => {
                let length = rest.len() - rest.trim_start_matches(BLANKS).len();
                // A blank that belongs to ` -}}` is no token.
                self.push(TokenKind::Space, length);
            }
            '=' => self.push(TokenKind::Assign, 1),
            ':' if second == Some('=') => self.push(TokenKind::Declare, 2),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.push(TokenKind::Pipe, 1),
            '(' => {
                self.parentheses += 1;
                self.push(TokenKind::Open, 1);
            }
            ')' if self.parentheses == 0 => return Err("unexpected right paren".to_owned()),
            ')' => {
                self.parentheses -= 1;
                self.push(TokenKind::Close, 1);
            }
            '"' | '`' | '\'' => self.quoted()?,
            '$' => self.name(TokenKind::Variable)?,
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => self.name(TokenKind::Field)?,
            '+' | '-' | '.' | '0'..='9' => self.number()?,
            c if is_word(c) => self.word()?,
            c if c.is_ascii() && !c.is_ascii_control() => self.push(TokenKind::Char, 1),
            c => return Err(format!("unrecognized character in action: {}", unicode(c))),
        }
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), String> {
        let (literal, length) = literal::quoted(self.rest())?;
        self.push(TokenKind::Literal(Literal(literal)), length);
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let (literal, length) = literal::number(self.rest())?;
        self.push(TokenKind::Literal(Literal(literal)), length);
        Ok(())
    }

    /// `.Field` or `$name`; a dot by itself is the dot.
    fn name(&mut self, kind: TokenKind) -> Result<(), String> {
        let length = 1 + word_length(&self.rest()[1..]);
        self.check_terminator(length)?;
        let kind = match (length, kind) {
            (1, TokenKind::Field) => TokenKind::Dot,
            (_, kind) => kind,
        };
        self.push(kind, length);
        Ok(())
    }

    fn word(&mut self) -> Result<(), String> {
        let length = word_length(self.rest());
        self.check_terminator(length)?;
        let kind = match &self.rest()[..length] {
            word if KEYWORDS.contains(&word) => TokenKind::Keyword,
            "true" => TokenKind::Literal(Literal(Value::Bool(true))),
            "false" => TokenKind::Literal(Literal(Value::Bool(false))),
            "nil" => TokenKind::Nil,
            _ => TokenKind::Identifier,
        };
        self.push(kind, length);
        Ok(())
    }

    /// What may follow a name.
    fn check_terminator(&self, length: usize) -> Result<(), String> {
        let rest = &self.rest()[length..];
        match rest.chars().next() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => Ok(()),
            Some(c) if BLANKS.contains(&c) || rest.starts_with("}}") => Ok(()),
            Some(c) => Err(format!("bad character {}", unicode(c))),
        }
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

fn starts_blank(text: &str) -> bool {
    text.starts_with(BLANKS)
}

/// Whether ` -}}` is next.
fn ends_trimming(rest: &str) -> bool {
    starts_blank(rest) && rest.trim_start_matches(BLANKS).starts_with("-}}")
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn word_length(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

/// Go's `%#U`.
fn unicode(c: char) -> String {
    match c.is_control() {
        true => format!("U+{:04X}", u32::from(c)),
        false => format!("U+{:04X} '{c}'", u32::from(c)),
    }
}
