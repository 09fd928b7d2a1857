//! What a target says in words such as `type=local,dest=x`, or in an object: caches, outputs, attestations, secrets and SSH keys.

use super::problem::{Problem, Result};
use super::value::{as_list, as_map, as_text};
use crate::key_values;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A cache, an output or an attestation: its type, and fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: String,
    pub(crate) fields: BTreeMap<String, String>,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) id: String,
    pub(crate) src: Option<String>,
    pub(crate) env: Option<String>,
}

/// An SSH agent's socket, or keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ssh {
    pub(crate) id: String,
    pub(crate) paths: Vec<String>,
}

/// What a word without `=` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// A reference in a registry: caches.
    Registry,
    /// A folder: outputs.
    Folder,
    /// A type: attestations.
    Kind,
}

impl Entry {
    pub(super) fn read(value: &Value, short: Short) -> Result<Self> {
        let mut fields = fields(value)?;
        if let Value::String(word) = value
            && !word.contains('=')
        {
            let (kind, field) = match short {
                Short::Registry => ("registry", Some("ref")),
                Short::Folder if word == "-" => ("tar", Some("dest")),
                Short::Folder => ("local", Some("dest")),
                Short::Kind => (word.as_str(), None),
            };
            fields = field
                .into_iter()
                .map(|f| (f.to_owned(), word.clone()))
                .collect();
            fields.insert("type".to_owned(), kind.to_owned());
        }
        let kind = fields
            .remove("type")
            .ok_or_else(|| Problem::new(format!("{value} has no type")))?;
        Ok(Self { kind, fields })
    }

    /// As a flag takes it.
    pub(crate) fn flag(&self) -> String {
        let fields = self.fields.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        words([("type", self.kind.as_str())].into_iter().chain(fields))
    }

    pub(super) fn to_json(&self) -> Value {
        let mut map: Map<String, Value> = Map::new();
        for (key, value) in &self.fields {
            let value = match (key.as_str(), value.as_str()) {
                ("disabled", "true") => Value::Bool(true),
                (_, text) => Value::from(text),
            };
            map.insert(key.clone(), value);
        }
        map.insert("type".to_owned(), Value::from(self.kind.as_str()));
        Value::Object(map)
    }
}

impl Secret {
    pub(super) fn read(value: &Value) -> Result<Self> {
        let mut fields = fields(value)?;
        let kind = fields.remove("type");
        let mut src = fields.remove("src").or_else(|| fields.remove("source"));
        let mut env = fields.remove("env");
        if kind.as_deref() == Some("env") {
            env = env.or_else(|| src.take());
        }
        let id = fields
            .remove("id")
            .ok_or_else(|| Problem::new(format!("the secret {value} has no id")))?;
        match fields.keys().next() {
            None => Ok(Self { id, src, env }),
            Some(other) => Err(Problem::new(format!("a secret has no `{other}`"))),
        }
    }

    /// As a flag takes it.
    pub(crate) fn flag(&self) -> String {
        let src = self.src.as_deref().map(|src| ("src", src));
        let env = self.env.as_deref().map(|env| ("env", env));
        words([("id", self.id.as_str())].into_iter().chain(src).chain(env))
    }

    pub(super) fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".to_owned(), Value::from(self.id.as_str()));
        for (key, value) in [("src", &self.src), ("env", &self.env)] {
            if let Some(value) = value {
                map.insert(key.to_owned(), Value::from(value.as_str()));
            }
        }
        Value::Object(map)
    }
}

impl Ssh {
    pub(super) fn read(value: &Value) -> Result<Self> {
        if let Value::Object(map) = value {
            let id = map.get("id").map(as_text).transpose()?;
            let paths = match map.get("paths") {
                Some(paths) => as_list(paths)?.iter().map(as_text).collect::<Result<_>>()?,
                None => Vec::new(),
            };
            let id = id.unwrap_or_else(|| "default".to_owned());
            return Ok(Self { id, paths });
        }
        let word = as_text(value)?;
        let (id, paths) = match word.split_once('=') {
            Some((id, paths)) => (id, paths.split(',').map(str::to_owned).collect()),
            None => (word.as_str(), Vec::new()),
        };
        let id = id.to_owned();
        Ok(Self { id, paths })
    }

    /// As a flag takes it.
    pub(crate) fn flag(&self) -> String {
        match self.paths.is_empty() {
            true => self.id.clone(),
            false => format!("{}={}", self.id, self.paths.join(",")),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self.paths.is_empty() {
            true => json!({ "id": self.id }),
            false => json!({ "id": self.id, "paths": self.paths }),
        }
    }
}

/// The fields of a word or of an object.
fn fields(value: &Value) -> Result<BTreeMap<String, String>> {
    if let Value::Object(map) = value {
        let map = map.iter().filter(|(_, value)| !value.is_null());
        return map.map(|(k, v)| Ok((k.clone(), as_text(v)?))).collect();
    }
    if !value.is_string() {
        // Says what is needed.
        as_map(value)?;
    }
    let fields = key_values::fields(&as_text(value)?).map_err(Problem::new)?;
    Ok(fields
        .into_iter()
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect())
}

/// `a=b,"c=d,e"`.
fn words<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let word = |(key, value): (&str, &str)| {
        let word = format!("{key}={value}");
        match word.contains([',', '"', '\n']) {
            true => format!("\"{}\"", word.replace('"', "\"\"")),
            false => word,
        }
    };
    fields.map(word).collect::<Vec<_>>().join(",")
}
