//! Cuts a template into text and actions, and actions into tokens.

use super::TemplateError;

/// Text between actions, or an action's tokens.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Action(Vec<Token>),
}

/// A token inside `{{ }}`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `.` alone.
    Dot,
    /// `.Name`; `.A.B` is two of them, the second glued.
    Field {
        name: String,
        /// Whether it follows its left neighbour without a blank: `$x.Name`, `(…).Name`.
        glued: bool,
    },
    /// `$name`, or `$` with an empty name.
    Variable(String),
    /// A function or keyword.
    Name(String),
    /// A string or character literal.
    Text(String),
    /// A whole number.
    Number(i64),
    Pipe,
    Open,
    Close,
    Comma,
    /// `:=` and `=`.
    Assign,
}

/// Splits at `{{` and `}}`, with the trim marks `{{- ` and ` -}}`, and drops comments.
pub(super) fn lex(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut trim_start = false;
    while let Some(open) = rest.find("{{") {
        let mut before = &rest[..open];
        let mut inside = &rest[open + 2..];
        if let Some(after) = inside
            .strip_prefix('-')
            .filter(|a| a.starts_with(char::is_whitespace))
        {
            before = before.trim_end();
            inside = after;
        }
        push_text(&mut pieces, before, trim_start);
        let (action, after) = split_action(inside)?;
        let (action, trims) = match action.strip_suffix('-') {
            Some(a) if a.ends_with(char::is_whitespace) => (a, true),
            _ => (action, false),
        };
        if !action.trim().starts_with("/*") {
            pieces.push(Piece::Action(tokens(action)?));
        }
        trim_start = trims;
        rest = after;
    }
    push_text(&mut pieces, rest, trim_start);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool) {
    let text = if trim_start { text.trim_start() } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// The text up to the `}}` that is in no string, and what follows it.
fn split_action(text: &str) -> Result<(&str, &str), TemplateError> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(q) if q == c => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[at..].starts_with("}}") => return Ok((&text[..at], &text[at + 2..])),
            None => {}
        }
    }
    Err(TemplateError::new("`{{` without `}}`"))
}

fn tokens(action: &str) -> Result<Vec<Token>, TemplateError> {
    let mut tokens = Vec::new();
    let mut rest = action;
    let mut glued = false;
    loop {
        let trimmed = rest.trim_start();
        if trimmed.is_empty() {
            return Ok(tokens);
        }
        glued &= trimmed.len() == rest.len();
        let (token, after) = token(trimmed, glued)?;
        glued = matches!(
            token,
            Token::Field { .. } | Token::Variable(_) | Token::Close
        );
        tokens.push(token);
        rest = after;
    }
}

fn token(text: &str, glued: bool) -> Result<(Token, &str), TemplateError> {
    let first = text.chars().next().unwrap_or(' ');
    let tail = &text[first.len_utf8()..];
    match first {
        '|' => Ok((Token::Pipe, tail)),
        '(' => Ok((Token::Open, tail)),
        ')' => Ok((Token::Close, tail)),
        ',' => Ok((Token::Comma, tail)),
        '=' => Ok((Token::Assign, tail)),
        ':' if tail.starts_with('=') => Ok((Token::Assign, &tail[1..])),
        '"' => quoted(tail),
        '`' => raw(tail),
        '$' => {
            let (name, after) = word(tail);
            Ok((Token::Variable(name.to_owned()), after))
        }
        '.' => {
            let (name, after) = word(tail);
            let name = name.to_owned();
            let token = if name.is_empty() {
                Token::Dot
            } else {
                Token::Field { name, glued }
            };
            Ok((token, after))
        }
        '-' | '0'..='9' => number(text),
        c if c == '_' || c.is_alphabetic() => {
            let (name, after) = word(text);
            Ok((Token::Name(name.to_owned()), after))
        }
        c => Err(TemplateError::new(format!(
            "unexpected `{c}` inside `{{{{ }}}}`"
        ))),
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn number(text: &str) -> Result<(Token, &str), TemplateError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let sign = text.len() - digits.len();
    let end = sign
        + digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
    let number = text[..end]
        .parse()
        .map_err(|_| TemplateError::new(format!("`{}` is not a whole number", &text[..end])))?;
    Ok((Token::Number(number), &text[end..]))
}

fn raw(text: &str) -> Result<(Token, &str), TemplateError> {
    let (inner, after) = text
        .split_once('`')
        .ok_or_else(|| TemplateError::new("a string that begins with ` does not end"))?;
    Ok((Token::Text(inner.to_owned()), after))
}

fn quoted(text: &str) -> Result<(Token, &str), TemplateError> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Text(out), &text[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => break,
            },
            _ => out.push(c),
        }
    }
    Err(TemplateError::new(
        "a string that begins with \" does not end",
    ))
}
