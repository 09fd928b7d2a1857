//! The functions of a template: Go's built-in ones and Docker's.

use super::TemplateError;
use super::printf;
use serde_json::Value;
use std::cmp::Ordering;

/// How a value is printed, as Go's `%v` does it.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(list) => {
            format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(" "))
        }
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(k, _)| k.as_str());
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(k, v)| format!("{k}:{}", show(v)))
                .collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}

/// Go's truth: the empty value of each type is false.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, TemplateError> {
    let wrong = || TemplateError::new(format!("`{name}` does not take these arguments"));
    match (name, arguments) {
        ("json", [v]) => Ok(Value::from(v.to_string())),
        ("prettyjson", [v]) => Ok(Value::from(format!("{v:#}"))),
        ("len", [v]) => length(v).map(Value::from).ok_or_else(wrong),
        ("index", [v, keys @ ..]) => index(v, keys),
        ("slice", [v, ends @ ..]) => slice(v, ends).ok_or_else(wrong),
        ("join", [Value::Array(list), Value::String(separator)]) => Ok(Value::from(
            list.iter().map(show).collect::<Vec<_>>().join(separator),
        )),
        // An empty list of a config is null in JSON.
        ("join", [Value::Null, Value::String(_)]) => Ok(Value::from("")),
        ("split", [Value::String(text), Value::String(separator)]) => {
            Ok(text.split(separator.as_str()).map(Value::from).collect())
        }
        ("lower", [v]) => Ok(Value::from(show(v).to_lowercase())),
        ("upper", [v]) => Ok(Value::from(show(v).to_uppercase())),
        ("title", [v]) => Ok(Value::from(title(&show(v)))),
        ("truncate", [v, Value::Number(n)]) => {
            let count = n.as_u64().ok_or_else(wrong)?;
            Ok(Value::from(
                show(v).chars().take(count as usize).collect::<String>(),
            ))
        }
        ("pad", [v, before, after]) => pad(v, before, after).ok_or_else(wrong),
        ("print", _) => Ok(Value::from(arguments.iter().map(show).collect::<String>())),
        ("println", _) => {
            let words: Vec<_> = arguments.iter().map(show).collect();
            Ok(Value::from(words.join(" ") + "\n"))
        }
        ("printf", [Value::String(format), rest @ ..]) => Ok(printf::printf(format, rest).into()),
        ("not", [v]) => Ok(Value::Bool(!is_true(v))),
        ("eq", [a, rest @ ..]) if !rest.is_empty() => Ok(Value::Bool(rest.contains(a))),
        ("ne", [a, b]) => Ok(Value::Bool(a != b)),
        ("lt" | "le" | "gt" | "ge", [a, b]) => {
            let order = compare(a, b).ok_or_else(wrong)?;
            Ok(Value::Bool(match name {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        _ if NAMES.contains(&name) => Err(wrong()),
        _ => Err(unknown(name)),
    }
}

const NAMES: [&str; 22] = [
    "json",
    "prettyjson",
    "len",
    "index",
    "slice",
    "join",
    "split",
    "lower",
    "upper",
    "title",
    "truncate",
    "pad",
    "print",
    "println",
    "printf",
    "not",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
];

fn unknown(name: &str) -> TemplateError {
    TemplateError::new(match dockerfile::suggest(name, NAMES) {
        Some(near) => format!("there is no function `{name}` (did you mean `{near}`?)"),
        None => format!(
            "there is no function `{name}`; there are {}",
            NAMES.join(", ")
        ),
    })
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Null => Some(0),
        Value::String(text) => Some(text.len()),
        Value::Array(list) => Some(list.len()),
        Value::Object(map) => Some(map.len()),
        Value::Bool(_) | Value::Number(_) => None,
    }
}

/// A key that a map does not have gives the empty string, as with Go's map of strings.
fn index(value: &Value, keys: &[Value]) -> Result<Value, TemplateError> {
    let mut value = value.clone();
    for key in keys {
        value = match (&value, key) {
            (Value::Object(map), Value::String(key)) => {
                map.get(key).cloned().unwrap_or_else(|| Value::from(""))
            }
            (Value::Array(list), Value::Number(n)) => {
                let at = n.as_u64().and_then(|n| list.get(n as usize));
                at.cloned().ok_or_else(|| {
                    let len = list.len();
                    TemplateError::new(format!("index {n} is outside the list of {len}"))
                })?
            }
            (Value::Null, _) => Value::from(""),
            (other, key) => {
                let (other, key) = (show(other), show(key));
                return Err(TemplateError::new(format!(
                    "cannot take `{key}` of `{other}`"
                )));
            }
        };
    }
    Ok(value)
}

fn slice(value: &Value, ends: &[Value]) -> Option<Value> {
    let length = length(value)?;
    let end = |at: usize, default: usize| match ends.get(at) {
        None => Some(default),
        Some(n) => n.as_u64().map(|n| n as usize).filter(|n| *n <= length),
    };
    let (from, to) = (end(0, 0)?, end(1, length)?);
    match value {
        Value::String(text) => text.get(from..to).map(Value::from),
        Value::Array(list) => list.get(from..to).map(|part| Value::Array(part.to_vec())),
        _ => None,
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for c in text.chars() {
        if starts {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        starts = c.is_whitespace();
    }
    out
}

/// Docker's `pad`: blanks before and after, none around an empty string.
fn pad(value: &Value, before: &Value, after: &Value) -> Option<Value> {
    let blanks = |n: &Value| n.as_u64().map(|n| " ".repeat(n.min(1024) as usize));
    let text = show(value);
    if text.is_empty() {
        return Some(Value::from(""));
    }
    Some(Value::from(blanks(before)? + &text + &blanks(after)?))
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        _ => None,
    }
}
