//! How values are printed: Go's `%v`, and its quoting.

use super::value::{Nil, Value};
use std::fmt::Write;

/// `%v`.
pub(super) fn show(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, &mut |out, value| {
        out.push_str(&plain(value));
    });
    out
}

/// `%v` with each value that holds no others written by `leaf`.
pub(super) fn write(out: &mut String, value: &Value, leaf: &mut dyn FnMut(&mut String, &Value)) {
    match value {
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                write(out, item, leaf);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push_str("map[");
            for (at, (key, item)) in map.iter().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                leaf(out, &Value::text(key));
                out.push(':');
                write(out, item, leaf);
            }
            out.push(']');
        }
        Value::Struct(members) => {
            out.push('{');
            for (at, (_, item)) in members.members.iter().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                write(out, item, leaf);
            }
            out.push('}');
        }
        Value::Nil(Nil::List) => out.push_str("[]"),
        Value::Nil(Nil::Map) => out.push_str("map[]"),
        leafy => leaf(out, leafy),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Missing => "<no value>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) | Value::Int64(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => text.to_string(),
        _ => "<nil>".to_owned(),
    }
}

/// `%v` of a float: the shortest digits, with an exponent from 1e21 on and below 1e-4.
pub(super) fn float(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-4..1e21).contains(&size) || !number.is_finite() {
        return number.to_string();
    }
    exponent(&format!("{number:e}"))
}

/// Rust's `1e21` as Go's `1e+21`.
pub(super) fn exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Go's `strconv.Quote`.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text without what does not fit: for words of a template in a message.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return quote(text);
    }
    let start: String = text.chars().take(most).collect();
    quote(&start) + "..."
}
