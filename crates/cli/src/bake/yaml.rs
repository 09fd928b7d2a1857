//! YAML to values: the core schema, anchors, and merge keys (`<<`). Aliases can make a small file an endless one, so that what they
//! copy is counted.

use super::problem::{Problem, Result};
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// More values than any compose file has.
const MOST: usize = 200_000;
/// Deeper than any compose file is.
const DEPTH: usize = 100;

/// A collection that is being read, its anchor, and, in a map, the key that waits for its value.
struct Open {
    value: Value,
    anchor: usize,
    key: Option<String>,
}

/// Loads the first document; null if there is none.
pub(super) fn load(text: &str) -> Result<Value> {
    let mut anchors: BTreeMap<usize, (Value, usize)> = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut count = 0usize;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| Problem::new(error.to_string()))?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| tag.suffix.as_str());
                let plain = style == ScalarStyle::Plain && tag != Some("str");
                let value = if plain {
                    scalar(&text)
                } else {
                    Value::from(&*text)
                };
                (value, anchor)
            }
            Event::Alias(anchor) => {
                let (value, size) = anchors
                    .get(&anchor)
                    .ok_or_else(|| Problem::new("an alias names no anchor before it"))?;
                count = count.saturating_add(*size);
                (value.clone(), 0)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() >= DEPTH {
                    return Err(Problem::new("it is nested too deeply"));
                }
                let value = match event {
                    Event::SequenceStart(..) => Value::Array(Vec::new()),
                    _ => Value::Object(Map::new()),
                };
                open.push(Open {
                    value,
                    anchor,
                    key: None,
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(ended) => (ended.value, ended.anchor),
                None => continue,
            },
            Event::DocumentEnd => break,
            _ => continue,
        };
        count = count.saturating_add(1);
        if count > MOST {
            return Err(Problem::new("it has too many values"));
        }
        if anchor != 0 {
            anchors.insert(anchor, (value.clone(), size(&value)));
        }
        match open.last_mut() {
            Some(outer) => outer.take(value)?,
            None => return Ok(value),
        }
    }
    Ok(Value::Null)
}

impl Open {
    fn take(&mut self, value: Value) -> Result<()> {
        match (&mut self.value, self.key.take()) {
            (Value::Array(items), _) => items.push(value),
            (Value::Object(_), None) => {
                self.key = Some(match value {
                    Value::String(key) => key,
                    Value::Null => String::new(),
                    Value::Bool(key) => key.to_string(),
                    Value::Number(key) => key.to_string(),
                    _ => return Err(Problem::new("a key is no text")),
                });
            }
            (Value::Object(map), Some(key)) if key == "<<" => merge_key(map, value)?,
            (Value::Object(map), Some(key)) => {
                map.insert(key, value);
            }
            _ => {}
        }
        Ok(())
    }
}

/// <https://yaml.org/type/merge.html>: what the map says itself stays.
fn merge_key(map: &mut Map<String, Value>, value: Value) -> Result<()> {
    match value {
        Value::Object(merged) => {
            for (key, value) in merged {
                map.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(several) => several
            .into_iter()
            .try_for_each(|value| merge_key(map, value)),
        _ => Err(Problem::new("`<<` needs a map")),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// YAML's core schema. `yes` and `on` are texts.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if !is_number {
        return Value::from(text);
    }
    if let Some(octal) = text.strip_prefix("0o")
        && let Ok(number) = i64::from_str_radix(octal, 8)
    {
        return Value::from(number);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

/// Puts one file over another: maps are merged, lists are joined, the rest is replaced.
pub(super) fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(under), Value::Array(over)) => under.extend(over),
        (under, over) => match (as_pairs(under), over) {
            (Some(pairs), Value::Object(over)) => {
                *under = Value::Object(pairs);
                merge(under, Value::Object(over));
            }
            (_, over) => *under = over,
        },
    }
}

/// A list of `key=value`, which compose files have in the place of maps.
fn as_pairs(value: &Value) -> Option<Map<String, Value>> {
    let pair = |item: &Value| {
        let text = item.as_str()?;
        Some(match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), Value::from(value)),
            None => (text.to_owned(), Value::Null),
        })
    };
    value.as_array()?.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::load;
    use serde_json::json;

    #[test]
    fn anchors_and_merge_keys() {
        let text =
            "a: &a {x: 1, y: [p, 'true', 0o17, 1.5, ~]}\nb:\n  <<: *a\n  x: 2\n  z: *a\nyes: yes\n";
        let a = json!({"x": 1, "y": ["p", "true", 15, 1.5, null]});
        let want = json!({"a": a, "b": {"y": a["y"], "x": 2, "z": a}, "yes": "yes"});
        assert_eq!(load(text).map_err(|p| p.message().to_owned()), Ok(want));
        assert_eq!(
            load("# nothing\n").map_err(|p| p.message().to_owned()),
            Ok(json!(null))
        );
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let before = format!("*a{}", n - 1);
            bomb.push_str(&format!(
                "a{n}: &a{n} [{}]\n",
                [before.as_str(); 10].join(", ")
            ));
        }
        assert!(load(&bomb).unwrap_err().message().contains("too many"));
        assert!(load(&"[".repeat(5000)).is_err());
        assert!(load("a: *b\n").is_err());
        assert!(load("a: b: c\n").is_err());
    }
}
