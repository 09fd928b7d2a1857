//! Functions that write values in another form.

use super::super::problem::{Problem, Result};
use super::Call;
use crate::query_escape::query_escape;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};
use std::fmt::Write;

pub(super) const NAMES: &[&str] = &[
    "base64decode",
    "base64encode",
    "csvdecode",
    "jsondecode",
    "jsonencode",
    "sha256",
    "sha512",
    "urlencode",
];

pub(super) fn call(call: &Call<'_>) -> Option<Result<Value>> {
    let one = |f: &dyn Fn(String) -> Result<Value>| call.texts::<1>().and_then(|[text]| f(text));
    Some(match call.name {
        "base64decode" => one(&|text| {
            let bytes = STANDARD.decode(&text).ok();
            let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            decoded
                .map(Value::from)
                .ok_or_else(|| Problem::new(format!("`{text}` is no base64 of a text")))
        }),
        "base64encode" => one(&|text| Ok(Value::from(STANDARD.encode(text)))),
        "csvdecode" => one(&|text| csv(&text)),
        "jsondecode" => one(&|text| {
            serde_json::from_str(&text)
                .map_err(|error| Problem::new(format!("it is no JSON: {error}")))
        }),
        "jsonencode" => call
            .take::<1>()
            .map(|[value]| Value::from(sorted(value).to_string())),
        "sha256" => one(&|text| Ok(hex(&Sha256::digest(text)))),
        "sha512" => one(&|text| Ok(hex(&Sha512::digest(text)))),
        "urlencode" => one(&|text| Ok(Value::from(query_escape(&text)))),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> Value {
    let mut out = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    Value::from(out)
}

/// Keys in the order in which HCL has them.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(map) => {
            let entries = super::super::value::entries(map).into_iter();
            Value::Object(
                entries
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// RFC 4180, the first line being names.
fn csv(text: &str) -> Result<Value> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().filter(|c| *c != '\r').peekable();
    while let Some(c) = chars.next() {
        let row = rows.last_mut().expect("there is always one");
        let field = row.last_mut().expect("there is always one");
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            c => field.push(c),
        }
    }
    let mut rows = rows.into_iter().filter(|row| row.as_slice() != [""]);
    let names = rows
        .next()
        .ok_or_else(|| Problem::new("there is no line of names"))?;
    let row = |fields: Vec<String>| {
        if fields.len() != names.len() {
            return Err(Problem::new("a line has not as many fields as the first"));
        }
        let pairs = names
            .iter()
            .cloned()
            .zip(fields.into_iter().map(Value::from));
        Ok(Value::Object(pairs.collect::<Map<_, _>>()))
    };
    Ok(Value::Array(rows.map(row).collect::<Result<_>>()?))
}
