//! `json`: Go's `encoding/json`, without its care for HTML, as Docker has it.

use super::value::{Nil, Value};
use serde_json::{Map, Value as Json};

/// The value as JSON.
pub(super) fn of(value: &Value) -> Json {
    match value {
        Value::Missing | Value::Nil(_) => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Int(number) | Value::Int64(number) => Json::from(*number),
        // Go writes 1.0 as 1.
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole and below 1e15"
            )]
            Json::from(*number as i64)
        }
        Value::Float(number) => Json::from(*number),
        Value::Text(text) => Json::from(&**text),
        Value::List(list) => list.iter().map(of).collect(),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| (key.clone(), of(value)));
            Json::Object(pairs.collect())
        }
        Value::Struct(fields) => {
            let members = fields.members.iter();
            let members = members.filter(|(_, value)| !fields.sparse || !is_empty(value));
            let members = members.map(|(name, value)| (name.clone(), of(value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
    }
}

/// What `omitempty` leaves out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Nil(Nil::List | Nil::Map | Nil::Pointer) => true,
        Value::Struct(_) => false,
        other => !other.is_true(),
    }
}
