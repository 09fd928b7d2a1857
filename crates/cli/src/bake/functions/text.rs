//! Functions of texts.

use super::super::problem::{Problem, Result};
use super::super::value::{as_count, as_list, as_number, as_text};
use super::{Call, format};
use regex_lite::Regex;
use serde_json::Value;

pub(super) const NAMES: &[&str] = &[
    "basename",
    "chomp",
    "dirname",
    "format",
    "formatlist",
    "indent",
    "join",
    "lower",
    "regex",
    "regex_replace",
    "regexall",
    "replace",
    "reverse",
    "sanitize",
    "split",
    "strlen",
    "substr",
    "title",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
];

pub(super) fn call(call: &Call<'_>) -> Option<Result<Value>> {
    let one = |f: fn(&str) -> String| call.texts::<1>().map(|[text]| Value::from(f(&text)));
    let two = |f: fn(&str, &str) -> String| {
        call.texts::<2>()
            .map(|[text, other]| Value::from(f(&text, &other)))
    };
    Some(match call.name {
        "basename" => one(|path| match path.trim_end_matches('/').rsplit('/').next() {
            Some("") | None => ".".to_owned(),
            Some(name) => name.to_owned(),
        }),
        "chomp" => one(|text| text.trim_end_matches(['\n', '\r']).to_owned()),
        "dirname" => one(dirname),
        "format" => format::format(call.arguments).map(Value::from),
        "formatlist" => format::format_list(call.arguments),
        "indent" => indent(call),
        "join" => join(call),
        "lower" => one(str::to_lowercase),
        "regex" => regex(call),
        "regexall" => regex_all(call),
        "regex_replace" => call.texts::<3>().and_then(|[text, pattern, with]| {
            let replaced = compile(&pattern)?
                .replace_all(&text, with.as_str())
                .into_owned();
            Ok(Value::from(replaced))
        }),
        "replace" => call
            .texts::<3>()
            .map(|[text, from, to]| Value::from(text.replace(&from, &to))),
        "reverse" => one(|text| text.chars().rev().collect()),
        // What is no part of a target's name.
        "sanitize" => one(|text| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            text.chars()
                .map(|c| if allowed(c) { c } else { '_' })
                .collect()
        }),
        "split" => call.texts::<2>().map(|[by, text]| match by.as_str() {
            "" => text.chars().map(String::from).collect(),
            by => text.split(by).collect(),
        }),
        "strlen" => call
            .texts::<1>()
            .map(|[text]| Value::from(text.chars().count())),
        "substr" => substr(call),
        "title" => one(title),
        "trim" => two(|text, set| text.trim_matches(|c| set.contains(c)).to_owned()),
        "trimprefix" => two(|text, start| text.strip_prefix(start).unwrap_or(text).to_owned()),
        "trimspace" => one(|text| text.trim().to_owned()),
        "trimsuffix" => two(|text, end| text.strip_suffix(end).unwrap_or(text).to_owned()),
        "upper" => one(str::to_uppercase),
        _ => return None,
    })
}

fn dirname(path: &str) -> String {
    match path.rsplit_once('/') {
        None => ".".to_owned(),
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match before.is_whitespace() {
            true => out.extend(c.to_uppercase()),
            false => out.push(c),
        }
        before = c;
    }
    out
}

fn indent(call: &Call<'_>) -> Result<Value> {
    let [blanks, text] = call.take::<2>()?;
    let blanks = as_count(blanks)?.min(1000);
    let indented = format!("\n{}", " ".repeat(blanks));
    Ok(Value::from(as_text(text)?.replace('\n', &indented)))
}

fn join(call: &Call<'_>) -> Result<Value> {
    let (by, lists) = call.first()?;
    if lists.is_empty() {
        return Err(Problem::new(format!(
            "it takes 2 arguments, not {}",
            call.arguments.len()
        )));
    }
    let mut texts = Vec::new();
    for list in lists {
        for item in as_list(list)? {
            texts.push(as_text(item)?);
        }
    }
    Ok(Value::from(texts.join(&as_text(by)?)))
}

/// A start from the end and a length to the end are negative.
fn substr(call: &Call<'_>) -> Result<Value> {
    let [text, start, length] = call.take::<3>()?;
    let chars: Vec<char> = as_text(text)?.chars().collect();
    let start = match as_number(start)? {
        from_end if from_end < 0.0 => chars.len().saturating_sub(as_count(&(-from_end).into())?),
        _ => as_count(start)?.min(chars.len()),
    };
    let rest = &chars[start..];
    let length = match as_number(length)? {
        negative if negative < 0.0 => rest.len(),
        _ => as_count(length)?.min(rest.len()),
    };
    Ok(Value::from(rest[..length].iter().collect::<String>()))
}

fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| Problem::new(format!("`{pattern}`: {error}")))
}

fn regex(call: &Call<'_>) -> Result<Value> {
    let [pattern, text] = call.texts::<2>()?;
    let pattern = compile(&pattern)?;
    let found = pattern
        .captures(&text)
        .ok_or_else(|| Problem::new("nothing matches the pattern"))?;
    Ok(captured(&pattern, &found))
}

fn regex_all(call: &Call<'_>) -> Result<Value> {
    let [pattern, text] = call.texts::<2>()?;
    let pattern = compile(&pattern)?;
    let all = pattern.captures_iter(&text);
    Ok(all.map(|found| captured(&pattern, &found)).collect())
}

/// The text that matches; with groups those, by name if they have names.
fn captured(pattern: &Regex, found: &regex_lite::Captures<'_>) -> Value {
    let text = |at: usize| {
        found
            .get(at)
            .map_or(Value::Null, |group| Value::from(group.as_str()))
    };
    if found.len() == 1 {
        return text(0);
    }
    let names: Vec<_> = pattern.capture_names().enumerate().skip(1).collect();
    if names.iter().all(|(_, name)| name.is_some()) {
        let named = names
            .into_iter()
            .filter_map(|(at, name)| Some((name?.to_owned(), text(at))));
        return Value::Object(named.collect());
    }
    (1..found.len()).map(text).collect()
}
