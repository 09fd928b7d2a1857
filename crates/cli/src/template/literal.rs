//! Strings, characters and numbers in a template, as Go writes them.

use super::value::Value;

/// A string in `"` or backquotes or a character in `'`, and how many bytes it takes.
pub(super) fn quoted(text: &str) -> Result<(Value, usize), String> {
    match text.as_bytes()[0] {
        b'`' => {
            let inner = text[1..].split_once('`');
            let (inner, _) = inner.ok_or("unterminated raw quoted string")?;
            Ok((Value::text(inner), inner.len() + 2))
        }
        b'"' => {
            let (inner, length) = unquote(text, '"').ok_or("unterminated quoted string")?;
            Ok((Value::text(&inner), length))
        }
        _ => {
            let (inner, length) = unquote(text, '\'').ok_or("unterminated character constant")?;
            let mut chars = inner.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok((Value::Int(i64::from(u32::from(c))), length)),
                _ => Err(format!("malformed character constant: {}", &text[..length])),
            }
        }
    }
}

/// What stands between two marks, read, and how many bytes it takes with them.
fn unquote(text: &str, mark: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' => return None,
            '\\' => {
                let (_, escaped) = chars.next()?;
                let digits = match escaped {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                if digits > 0 {
                    let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                    let code = u32::from_str_radix(&hex, 16)
                        .ok()
                        .filter(|_| hex.len() == digits)?;
                    out.push(char::from_u32(code)?);
                } else {
                    out.push(escape(escaped));
                }
            }
            c if c == mark => return Some((out, at + 1)),
            c => out.push(c),
        }
    }
    None
}

fn escape(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        other => other,
    }
}

/// A number with a sign, in any of Go's bases, and how many bytes it takes.
pub(super) fn number(text: &str) -> Result<(Value, usize), String> {
    let mut length = usize::from(text.starts_with(['+', '-']));
    let mut before = ' ';
    for c in text[length..].chars() {
        let sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E' | 'p' | 'P');
        if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || sign) {
            break;
        }
        before = c;
        length += c.len_utf8();
    }
    let written = &text[..length];
    let bad = || format!("bad number syntax: {written:?}");
    read(&written.replace('_', ""))
        .map(|value| (value, length))
        .ok_or_else(bad)
}

fn read(text: &str) -> Option<Value> {
    let digits = text.trim_start_matches(['+', '-']);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let lower = digits.to_ascii_lowercase();
    let based = |prefix: &str, base| {
        let digits = lower.strip_prefix(prefix)?;
        i64::from_str_radix(digits, base).ok()
    };
    let whole = based("0x", 16)
        .or_else(|| based("0o", 8))
        .or_else(|| based("0b", 2));
    if let Some(number) = whole.or_else(|| digits.parse().ok()) {
        return Some(Value::Int(sign * number));
    }
    let decimal = digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let number: f64 = text.parse().ok().filter(|_| decimal)?;
    Some(Value::Float(number))
}
