//! `len`, `index` and `slice`.

use super::value::{Nil, Value};

/// The number of bytes of a text, or of things in a list or a map.
pub(super) fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        // To Docker a number of the data is its digits, when it looks at the JSON.
        Value::Int64(number) => number.to_string().len(),
        Value::Nil(Nil::List | Nil::Map) => 0,
        Value::Missing | Value::Nil(_) => return Err("len of nil pointer".to_owned()),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// What stands in a place, and in a place in that.
pub(super) fn index(value: &Value, keys: &[Value]) -> Result<Value, String> {
    let mut value = value.clone();
    for key in keys {
        value = match (&value, key) {
            (Value::Missing | Value::Nil(Nil::Pointer), _) => {
                return Err("index of untyped nil".to_owned());
            }
            (Value::Map(map), Value::Text(key)) => {
                map.get(&**key).cloned().unwrap_or_else(|| Value::text(""))
            }
            (Value::Nil(Nil::Map), Value::Text(_)) => Value::text(""),
            (Value::Struct(members), Value::Text(key)) => {
                members.get(key).cloned().unwrap_or(Value::Missing)
            }
            (Value::Map(_) | Value::Nil(Nil::Map) | Value::Struct(_), key) => {
                let key = key.type_name();
                return Err(format!("value has type {key}; should be string"));
            }
            (Value::List(list), key) => list[place(key, list.len())?].clone(),
            (Value::Nil(Nil::List), key) => place(key, 0).map(|_| Value::Missing)?,
            (Value::Text(text), key) => {
                Value::Int(i64::from(text.as_bytes()[place(key, text.len())?]))
            }
            (other, _) => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(value)
}

fn place(key: &Value, length: usize) -> Result<usize, String> {
    let Some(number) = key.as_int() else {
        let key = key.type_name();
        return Err(format!("cannot index slice/array with type {key}"));
    };
    let at = usize::try_from(number).ok().filter(|at| *at < length);
    at.ok_or_else(|| format!("index out of range: {number}"))
}

/// A part of a text or a list.
pub(super) fn slice(value: &Value, ends: &[Value]) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Nil(Nil::List) => 0,
        Value::Missing | Value::Nil(_) => return Err("slice of untyped nil".to_owned()),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    let most = if matches!(value, Value::Text(_)) {
        2
    } else {
        3
    };
    if ends.len() > most {
        return Err(match most {
            2 => "cannot 3-index slice a string".to_owned(),
            _ => format!("too many slice indexes: {}", ends.len()),
        });
    }
    let mut range = [0, length];
    for (at, end) in ends.iter().take(2).enumerate() {
        range[at] = place(end, length + 1)?;
    }
    let [from, to] = range;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    match value {
        Value::Text(text) => {
            let part = &text.as_bytes()[from..to];
            Ok(Value::text(&String::from_utf8_lossy(part)))
        }
        Value::List(list) => Ok(Value::List(list[from..to].into())),
        other => Ok(other.clone()),
    }
}
