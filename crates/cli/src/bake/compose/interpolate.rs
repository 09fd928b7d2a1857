//! `${NAME}` and its like in the values of a compose file.
//! <https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md>

use super::super::problem::{Problem, Result};
use serde_json::Value;

/// Nested deeper than anybody means.
const DEPTH: usize = 20;

/// Replaces the variables in all texts but keys.
pub(super) fn all(value: &Value, variable: &dyn Fn(&str) -> Option<String>) -> Result<Value> {
    Ok(match value {
        Value::String(text) => Value::from(one(text, variable)?),
        Value::Array(items) => {
            let items = items.iter().map(|item| all(item, variable));
            Value::Array(items.collect::<Result<_>>()?)
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(k, v)| Ok((k.clone(), all(v, variable)?)));
            Value::Object(entries.collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// Replaces the variables in a text.
pub(super) fn one(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    replace(text, variable, 0)
}

fn replace(text: &str, variable: &dyn Fn(&str) -> Option<String>, depth: usize) -> Result<String> {
    let wrong = || {
        let start: String = text.chars().take(100).collect();
        Problem::new(format!("`{start}` is no valid interpolation")).help("a dollar sign is `$$`")
    };
    if depth > DEPTH {
        return Err(wrong());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            let end = closing(inner).ok_or_else(wrong)?;
            out.push_str(&braced(&inner[..end], variable, depth).map_err(|p| p.or(wrong))?);
            rest = &inner[end + 1..];
        } else {
            let length = name(rest);
            if length == 0 {
                return Err(wrong());
            }
            out.push_str(&variable(&rest[..length]).unwrap_or_default());
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// How long the name at the start is.
fn name(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    if starts { end.unwrap_or(text.len()) } else { 0 }
}

/// Where the brace ends that was opened before.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn braced(text: &str, variable: &dyn Fn(&str) -> Option<String>, depth: usize) -> Result<String> {
    let length = name(text);
    let (name, rest) = text.split_at(length);
    let value = variable(name);
    let (rest, value) = match rest.strip_prefix(':') {
        // Empty is as good as not set.
        Some(rest) => (rest, value.filter(|value| !value.is_empty())),
        None => (rest, value),
    };
    let mut chars = rest.chars();
    let operator = chars.next();
    let word = || replace(chars.as_str(), variable, depth + 1);
    match (operator, value) {
        _ if length == 0 => Err(Problem::new("")),
        (None, value) => Ok(value.unwrap_or_default()),
        (Some('-'), None) => word(),
        (Some('-' | '?'), Some(value)) => Ok(value),
        (Some('?'), None) => {
            let said = word()?;
            Err(Problem::new(format!(
                "the variable {name} is not set: {said}"
            )))
        }
        (Some('+'), Some(_)) => word(),
        (Some('+'), None) => Ok(String::new()),
        _ => Err(Problem::new("")),
    }
}

#[cfg(test)]
mod tests {
    use super::one;

    #[test]
    fn forms() {
        let variable = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, want) in [
            ("$A-${A}$$x", "a-a$x"),
            ("${B:-d} ${B-d} ${EMPTY:-d} ${EMPTY-d}", "d d d "),
            ("${A:+y}${B+y}${EMPTY+y}${EMPTY:+n}", "yy"),
            ("${B:-${A:-x}}/${B:-$A}", "a/a"),
            ("${A?no}", "a"),
        ] {
            assert_eq!(
                one(text, &variable).map_err(|_| ()),
                Ok(want.to_owned()),
                "{text}"
            );
        }
        for text in ["$", "${", "${A", "${-x}", "$1", "${A!}"] {
            assert!(one(text, &variable).is_err(), "{text}");
        }
        let missing = one("${B:?set it}", &variable).unwrap_err();
        assert_eq!(missing.message(), "the variable B is not set: set it");
    }
}
