//! Functions of lists and maps.

use super::super::problem::{Problem, Result};
use super::super::value::{
    as_count, as_list, as_map, as_number, as_text, entries, equal, kind, number,
};
use super::Call;
use serde_json::{Map, Value};

/// A longer list than any that a person means.
const MOST: usize = 100_000;

pub(super) const NAMES: &[&str] = &[
    "chunklist",
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "contains",
    "distinct",
    "element",
    "flatten",
    "hasindex",
    "index",
    "indexof",
    "keys",
    "length",
    "lookup",
    "merge",
    "range",
    "reverselist",
    "sethaselement",
    "setintersection",
    "setproduct",
    "setsubtract",
    "setsymmetricdifference",
    "setunion",
    "slice",
    "sort",
    "values",
    "zipmap",
];

pub(super) fn call(call: &Call<'_>) -> Option<Result<Value>> {
    Some(match call.name {
        "chunklist" => call.take::<2>().and_then(|[list, size]| {
            let size = as_count(size)?.max(1);
            let chunks = as_list(list)?.chunks(size);
            Ok(chunks.map(|chunk| Value::from(chunk.to_vec())).collect())
        }),
        "coalesce" => first(call, |value| !value.is_null()),
        "coalescelist" => first(call, |value| {
            value.as_array().is_some_and(|l| !l.is_empty())
        }),
        "compact" => filtered(call, |value| !value.is_null() && value != ""),
        "concat" => concat(call).map(Value::Array),
        "contains" | "sethaselement" => call.take::<2>().and_then(|[list, item]| {
            let found = as_list(list)?.iter().any(|value| equal(value, item));
            Ok(Value::Bool(found))
        }),
        "distinct" => call
            .take::<1>()
            .and_then(|[list]| Ok(distinct(as_list(list)?))),
        "element" => element(call),
        "flatten" => call.take::<1>().and_then(|[list]| {
            let mut out = Vec::new();
            flatten(as_list(list)?, &mut out);
            Ok(Value::Array(out))
        }),
        "hasindex" => call
            .take::<2>()
            .map(|[of, at]| Value::Bool(index(of, at).is_ok())),
        "index" => call.take::<2>().and_then(|[of, at]| index(of, at)),
        "indexof" => call.take::<2>().and_then(|[list, item]| {
            let at = as_list(list)?.iter().position(|value| equal(value, item));
            at.map(Value::from)
                .ok_or_else(|| Problem::new("the item is not in the list"))
        }),
        "keys" => call.take::<1>().and_then(|[map]| {
            let entries = entries(as_map(map)?).into_iter();
            Ok(entries.map(|(key, _)| key.as_str()).collect())
        }),
        "length" => call.take::<1>().and_then(|[of]| match of {
            Value::Array(list) => Ok(Value::from(list.len())),
            Value::Object(map) => Ok(Value::from(map.len())),
            other => Err(Problem::new(format!("{} has no length", kind(other)))),
        }),
        "lookup" => call.take::<3>().and_then(|[map, key, otherwise]| {
            let found = as_map(map)?.get(&as_text(key)?);
            Ok(found.unwrap_or(otherwise).clone())
        }),
        "merge" => merge(call),
        "range" => range(call),
        "reverselist" => call
            .take::<1>()
            .and_then(|[list]| Ok(as_list(list)?.iter().rev().cloned().collect())),
        "setproduct" => product(call),
        name if name.starts_with("set") && NAMES.contains(&name) => sets(call),
        "slice" => slice(call),
        "sort" => call.take::<1>().and_then(|[list]| {
            let mut texts = as_list(list)?
                .iter()
                .map(as_text)
                .collect::<Result<Vec<_>>>()?;
            texts.sort();
            Ok(Value::from(texts))
        }),
        "values" => call.take::<1>().and_then(|[map]| {
            let entries = entries(as_map(map)?).into_iter();
            Ok(entries.map(|(_, value)| value.clone()).collect())
        }),
        "zipmap" => call.take::<2>().and_then(|[keys, values]| {
            let (keys, values) = (as_list(keys)?, as_list(values)?);
            if keys.len() != values.len() {
                return Err(Problem::new("the lists are not of one length"));
            }
            let pairs = keys.iter().zip(values);
            let pairs = pairs.map(|(key, value)| Ok((as_text(key)?, value.clone())));
            Ok(Value::Object(pairs.collect::<Result<Map<_, _>>>()?))
        }),
        _ => return None,
    })
}

fn first(call: &Call<'_>, is: fn(&Value) -> bool) -> Result<Value> {
    let mut arguments = call.arguments.iter();
    let found = arguments.find(|value| is(value)).cloned();
    found.ok_or_else(|| Problem::new("no argument has a value"))
}

fn filtered(call: &Call<'_>, is: fn(&Value) -> bool) -> Result<Value> {
    let [list] = call.take::<1>()?;
    let items = as_list(list)?.iter().filter(|value| is(value));
    Ok(items.cloned().collect())
}

fn concat(call: &Call<'_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for list in call.arguments {
        out.extend(as_list(list)?.iter().cloned());
        bounded(out.len())?;
    }
    Ok(out)
}

fn bounded(length: usize) -> Result<()> {
    match length > MOST {
        true => Err(Problem::new("the list is too long")),
        false => Ok(()),
    }
}

fn distinct(list: &[Value]) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    for value in list {
        if !seen.iter().any(|other| equal(other, value)) {
            seen.push(value.clone());
        }
    }
    Value::Array(seen)
}

/// Going round.
fn element(call: &Call<'_>) -> Result<Value> {
    let [list, at] = call.take::<2>()?;
    let (list, at) = (as_list(list)?, as_count(at)?);
    match list.is_empty() {
        true => Err(Problem::new("the list is empty")),
        false => Ok(list[at % list.len()].clone()),
    }
}

fn flatten(list: &[Value], out: &mut Vec<Value>) {
    for value in list {
        match value {
            Value::Array(inner) => flatten(inner, out),
            value => out.push(value.clone()),
        }
    }
}

fn index(of: &Value, at: &Value) -> Result<Value> {
    let found = match of {
        Value::Object(map) => map.get(&as_text(at)?),
        list => as_list(list)?.get(as_count(at)?),
    };
    found
        .cloned()
        .ok_or_else(|| Problem::new("there is no such element"))
}

fn merge(call: &Call<'_>) -> Result<Value> {
    let mut out = Map::new();
    for map in call.arguments.iter().filter(|value| !value.is_null()) {
        for (key, value) in as_map(map)? {
            out.insert(key.clone(), value.clone());
        }
    }
    Ok(Value::Object(out))
}

fn range(call: &Call<'_>) -> Result<Value> {
    let numbers = call
        .arguments
        .iter()
        .map(as_number)
        .collect::<Result<Vec<_>>>()?;
    let (start, end, step) = match numbers.as_slice() {
        [end] => (0.0, *end, if *end < 0.0 { -1.0 } else { 1.0 }),
        [start, end] => (*start, *end, if end < start { -1.0 } else { 1.0 }),
        [start, end, step] if *step != 0.0 => (*start, *end, *step),
        _ => {
            return Err(Problem::new(
                "it takes an end, a start and an end, or those and a step",
            ));
        }
    };
    let mut out = Vec::new();
    let mut at = start;
    while (step > 0.0 && at < end) || (step < 0.0 && at > end) {
        out.push(number(at)?);
        bounded(out.len())?;
        at += step;
    }
    Ok(Value::Array(out))
}

fn product(call: &Call<'_>) -> Result<Value> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in call.arguments {
        let list = as_list(list)?;
        bounded(rows.len().saturating_mul(list.len()))?;
        let longer = rows.iter().flat_map(|row| {
            list.iter().map(|value| {
                let mut row = row.clone();
                row.push(value.clone());
                row
            })
        });
        rows = longer.collect();
    }
    Ok(rows.into_iter().map(Value::Array).collect())
}

/// Sets are lists whose order is that of their texts.
fn sets(call: &Call<'_>) -> Result<Value> {
    let (first, rest) = call.first()?;
    let has = |list: &[Value], value: &Value| list.iter().any(|other| equal(other, value));
    let mut set = as_list(first)?.to_vec();
    for other in rest {
        let other = as_list(other)?;
        let only = |a: &[Value], b: &[Value]| -> Vec<Value> {
            a.iter().filter(|value| !has(b, value)).cloned().collect()
        };
        set = match call.name {
            "setintersection" => set.into_iter().filter(|value| has(other, value)).collect(),
            "setsubtract" => only(&set, other),
            "setsymmetricdifference" => [only(&set, other), only(other, &set)].concat(),
            _ => [set, other.to_vec()].concat(),
        };
        bounded(set.len())?;
    }
    let Value::Array(mut set) = distinct(&set) else {
        return Ok(Value::Null);
    };
    set.sort_by_key(|value| as_text(value).unwrap_or_default());
    Ok(Value::Array(set))
}

fn slice(call: &Call<'_>) -> Result<Value> {
    let [list, start, end] = call.take::<3>()?;
    let (list, range) = (as_list(list)?, as_count(start)?..as_count(end)?);
    let part = list.get(range.clone()).ok_or_else(|| {
        let length = list.len();
        Problem::new(format!(
            "{range:?} is not inside the list, which has {length} elements"
        ))
    })?;
    Ok(part.iter().cloned().collect())
}
