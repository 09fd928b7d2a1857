//! The functions of a template: Go's built-in ones and Docker's.

use super::value::{Nil, Value};
use super::{compare, index, json, printf, text};
use crate::query_escape::query_escape;
use std::fmt::Write;

/// What a function takes in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Any,
    Text,
    Int,
    List,
}

/// What a function takes.
pub(super) struct Signature {
    parameters: &'static [Parameter],
    /// Whether the last one may come any number of times, or not at all.
    repeats: bool,
    /// How many there must be where the last one repeats, and how Go says so.
    least: usize,
}

use Parameter::{Any, Int, List, Text};

/// Every function, what it takes, and whether the last parameter repeats.
const FUNCTIONS: [(&str, &[Parameter], bool); 28] = [
    ("and", &[Any, Any], true),
    ("or", &[Any, Any], true),
    ("not", &[Any], false),
    ("len", &[Any], false),
    ("index", &[Any, Any], true),
    ("slice", &[Any, Any], true),
    ("call", &[Any, Any], true),
    ("print", &[Any], true),
    ("println", &[Any], true),
    ("printf", &[Text, Any], true),
    ("html", &[Any], true),
    ("js", &[Any], true),
    ("urlquery", &[Any], true),
    ("eq", &[Any, Any], true),
    ("ne", &[Any, Any], false),
    ("lt", &[Any, Any], false),
    ("le", &[Any, Any], false),
    ("gt", &[Any, Any], false),
    ("ge", &[Any, Any], false),
    ("json", &[Any], false),
    ("prettyjson", &[Any], false),
    ("split", &[Text, Text], false),
    ("join", &[List, Text], false),
    ("title", &[Text], false),
    ("lower", &[Text], false),
    ("upper", &[Text], false),
    ("pad", &[Text, Int, Int], false),
    ("truncate", &[Text, Int], false),
];

/// Whether there is such a function.
pub(super) fn is_known(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, ..)| *known == name)
}

/// What may have been meant by a name that no function has.
pub(super) fn near(name: &str) -> Option<String> {
    let near = dockerfile::suggest(name, FUNCTIONS.iter().map(|(known, ..)| *known))?;
    Some(format!("did you mean `{near}`?"))
}

impl Signature {
    /// What a known function takes.
    pub(super) fn of(name: &str) -> Signature {
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let (_, parameters, repeats) = *known.unwrap_or(&FUNCTIONS[0]);
        Signature {
            parameters,
            repeats,
            least: parameters.len() - usize::from(repeats),
        }
    }

    pub(super) fn takes(&self, count: usize) -> bool {
        count == self.parameters.len() || (self.repeats && count >= self.least)
    }

    pub(super) fn takes_nothing(&self) -> bool {
        self.takes(0)
    }

    /// `2`, or `at least 1`.
    pub(super) fn wanted(&self) -> String {
        match self.repeats {
            true => format!("at least {}", self.least),
            false => self.least.to_string(),
        }
    }

    /// What it takes in a place.
    pub(super) fn parameter(&self, at: usize) -> Parameter {
        let last = self.parameters.len() - 1;
        self.parameters[at.min(last)]
    }
}

impl Parameter {
    pub(super) fn accepts(self, value: &Value) -> bool {
        match self {
            Any => true,
            Text => matches!(value, Value::Text(_)),
            Int => value.as_int().is_some(),
            List => matches!(value, Value::List(_) | Value::Nil(Nil::List)),
        }
    }

    /// Go's name of the type.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Any => "interface {}",
            Text => "string",
            Int => "int",
            List => "[]string",
        }
    }

    /// What Go's parser calls a literal of it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Int => "integer",
            other => other.type_name(),
        }
    }
}

/// Calls a function with arguments that its signature takes.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    match (name, arguments) {
        ("json", [value]) => Ok(Value::text(&json::of(value).to_string())),
        ("prettyjson", [value]) => Ok(Value::text(&format!("{:#}", json::of(value)))),
        ("not", [value]) => Ok(Value::Bool(!value.is_true())),
        ("len", [value]) => index::length(value),
        ("index", [value, keys @ ..]) => index::index(value, keys),
        ("slice", [value, ends @ ..]) => index::slice(value, ends),
        ("call", [value, ..]) => Err(format!("non-function of type {}", value.type_name())),
        ("print", _) => Ok(Value::text(&print(arguments))),
        ("println", _) => Ok(Value::text(&(joined(arguments, " ") + "\n"))),
        ("printf", [format, rest @ ..]) => {
            Ok(Value::text(&printf::printf(&text::show(format), rest)))
        }
        ("html", _) => Ok(Value::text(&html(&print(arguments)))),
        ("js", _) => Ok(Value::text(&js(&print(arguments)))),
        ("urlquery", _) => Ok(Value::text(&query_escape(&print(arguments)))),
        ("eq", [one, others @ ..]) => compare::eq(one, others).map(Value::Bool),
        ("ne", [one, other]) => Ok(Value::Bool(!compare::eq(one, std::slice::from_ref(other))?)),
        ("lt" | "le" | "gt" | "ge", [one, other]) => {
            compare::ordered(name, one, other).map(Value::Bool)
        }
        ("join", [list, separator]) => Ok(match list {
            Value::List(list) => Value::text(&joined(list, &text::show(separator))),
            _ => Value::text(""),
        }),
        (name, [of, rest @ ..]) => Ok(of_text(name, &text::show(of), rest)),
        (name, []) => Err(format!("{name} takes arguments")),
    }
}

/// Docker's functions of a text.
fn of_text(name: &str, of: &str, rest: &[Value]) -> Value {
    let words: Vec<String> = rest.iter().map(text::show).collect();
    let number = |at: usize| {
        let number = rest.get(at).and_then(Value::as_int).unwrap_or_default();
        usize::try_from(number).unwrap_or_default()
    };
    match (name, words.as_slice()) {
        ("split", [separator]) if separator.is_empty() => {
            Value::List(of.chars().map(|c| Value::text(&c.to_string())).collect())
        }
        ("split", [separator]) => {
            Value::List(of.split(separator.as_str()).map(Value::text).collect())
        }
        ("lower", _) => Value::text(&of.to_lowercase()),
        ("upper", _) => Value::text(&of.to_uppercase()),
        ("title", _) => Value::text(&title(of)),
        ("truncate", _) => Value::text(&of.chars().take(number(0)).collect::<String>()),
        // None around an empty text.
        ("pad", _) if of.is_empty() => Value::text(""),
        ("pad", _) => {
            let blanks = |count: usize| " ".repeat(count.min(1024));
            Value::text(&(blanks(number(0)) + of + &blanks(number(1))))
        }
        _ => Value::text(of),
    }
}

/// Go's `fmt.Sprint`: blanks between two that are no texts.
fn print(arguments: &[Value]) -> String {
    let mut out = String::new();
    for (at, value) in arguments.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if at > 0 && !is_text(value) && !is_text(&arguments[at - 1]) {
            out.push(' ');
        }
        out.push_str(&text::show(value));
    }
    out
}

fn joined(values: &[Value], separator: &str) -> String {
    let words: Vec<String> = values.iter().map(text::show).collect();
    words.join(separator)
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for c in text.chars() {
        match starts {
            true => out.extend(c.to_uppercase()),
            false => out.push(c),
        }
        starts = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => out.extend(['\\', c]),
            '<' | '>' | '&' | '=' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
