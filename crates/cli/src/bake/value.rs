//! Values of HCL, kept as JSON: its conversions between them are cty's
//! (<https://github.com/zclconf/go-cty/blob/main/docs/convert.md>).

use super::problem::{Problem, Result};
use serde_json::{Map, Number, Value};

/// A whole number where it is one.
pub(super) fn number(value: f64) -> Result<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "it is whole and small enough"
        )]
        return Ok(Value::from(value as i64));
    }
    Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| Problem::new("the number is too large"))
}

/// A number, or a text that is one.
pub(super) fn as_number(value: &Value) -> Result<f64> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    };
    found.ok_or_else(|| Problem::new(format!("a number is needed, not {}", kind(value))))
}

/// A whole number that is not negative.
pub(super) fn as_count(value: &Value) -> Result<usize> {
    let number = as_number(value)?;
    if number.fract() != 0.0 || !(0.0..=1e9).contains(&number) {
        return Err(Problem::new(format!(
            "`{number}` is no whole number from 0"
        )));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "just checked"
    )]
    Ok(number as usize)
}

/// A boolean, or a text that is one.
pub(super) fn as_bool(value: &Value) -> Result<bool> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" || text == "1" => Ok(true),
        Value::String(text) if text == "false" || text == "0" => Ok(false),
        _ => Err(Problem::new(format!(
            "true or false is needed, not {}",
            kind(value)
        ))),
    }
}

/// A text, or what has one: numbers and booleans.
pub(super) fn as_text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number_text(number)),
        _ => Err(Problem::new(format!(
            "a string is needed, not {}",
            kind(value)
        ))),
    }
}

/// Without an exponent, as cty writes it.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if !number.is_i64() && !number.is_u64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// The elements of a list.
pub(super) fn as_list(value: &Value) -> Result<&[Value]> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err(Problem::new(format!(
            "a list is needed, not {}",
            kind(value)
        ))),
    }
}

/// The entries of a map.
pub(super) fn as_map(value: &Value) -> Result<&Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Problem::new(format!(
            "a map is needed, not {}",
            kind(value)
        ))),
    }
}

/// Entries in the order in which HCL goes over them: of their keys.
pub(super) fn entries(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// Names the kind of a value in messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Whether two values are the same; numbers by their value.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        // As HCL, which converts one side.
        (Value::Number(n), Value::String(text)) | (Value::String(text), Value::Number(n)) => {
            number_text(n) == *text
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, a)| b.get(key).is_some_and(|b| equal(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}
