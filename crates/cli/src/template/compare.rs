//! `eq`, `lt` and the others.

use super::text::show;
use super::value::Value;
use std::cmp::Ordering;

/// Whether a value equals one of the others.
pub(super) fn eq(one: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    let nothing = |value: &Value| matches!(value, Value::Missing | Value::Nil(_));
    for other in others {
        // Anything may be compared with nil.
        if !nothing(one) && !nothing(other) {
            comparable(one)?;
            comparable(other)?;
        }
        if same(one, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn comparable(value: &Value) -> Result<(), String> {
    match value {
        Value::List(_) => Err(format!(
            "non-comparable type {}: []interface {{}}",
            show(value)
        )),
        Value::Map(_) | Value::Struct(_) => Err(format!(
            "non-comparable type {}: map[string]interface {{}}",
            show(value)
        )),
        _ => Ok(()),
    }
}

fn same(one: &Value, other: &Value) -> Result<bool, String> {
    use Value::{Bool, Float, Missing, Nil, Text};
    match (one, other) {
        (Missing | Nil(_), other) | (other, Missing | Nil(_)) => {
            Ok(matches!(other, Missing | Nil(_)))
        }
        (Bool(one), Bool(other)) => Ok(one == other),
        (Text(one), Text(other)) => Ok(one == other),
        #[expect(clippy::float_cmp, reason = "that is what Go does")]
        (Float(one), Float(other)) => Ok(one == other),
        (one, other) => match (one.as_int(), other.as_int()) {
            (Some(one), Some(other)) => Ok(one == other),
            // A number of the data is a text to Docker when it looks at the JSON.
            _ if matches!(one, Value::Int64(_)) => Ok(false),
            _ => Err(incompatible(one, other)),
        },
    }
}

fn incompatible(one: &Value, other: &Value) -> String {
    let (one, other) = (one.type_name(), other.type_name());
    format!("incompatible types for comparison: {one} and {other}")
}

/// `lt`, `le`, `gt` and `ge`, of numbers or texts.
pub(super) fn ordered(name: &str, one: &Value, other: &Value) -> Result<bool, String> {
    let order = match (one, other) {
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other),
        (one, other) => match (one.as_int(), other.as_int()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => return Err(incompatible(one, other)),
        },
    };
    Ok(order.is_some_and(match name {
        "lt" => Ordering::is_lt,
        "le" => Ordering::is_le,
        "gt" => Ordering::is_gt,
        _ => Ordering::is_ge,
    }))
}
