//! The `build` section of a service.

use super::super::entry::{Entry, Secret, Short, Ssh};
use super::super::problem::{Problem, Result};
use super::super::read_target::{entries_of, words};
use super::super::target::{Target, clean};
use super::super::value::{as_bool, as_map, as_number, as_text};
use super::Project;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const KEYS: &[&str] = &[
    "additional_contexts",
    "args",
    "cache_from",
    "cache_to",
    "context",
    "dockerfile",
    "dockerfile_inline",
    "entitlements",
    "extra_hosts",
    "isolation",
    "labels",
    "network",
    "no_cache",
    "platforms",
    "privileged",
    "pull",
    "provenance",
    "sbom",
    "secrets",
    "shm_size",
    "ssh",
    "tags",
    "target",
    "ulimits",
];

impl Project<'_> {
    /// The target that a service is.
    pub(super) fn target(&self, service: &Value) -> Result<Target> {
        if service.get("extends").is_some() {
            return Err(Problem::new("`extends` is not implemented yet"));
        }
        let mut target = Target::default();
        let build = match &service["build"] {
            Value::String(context) => {
                let context = Value::from(context.as_str());
                Map::from_iter([("context".to_owned(), context)])
            }
            build => as_map(build)?.clone(),
        };
        for (key, value) in &build {
            if value.is_null() {
                continue;
            }
            let named = |problem: Box<Problem>| problem.prefixed(&format!("build.{key}"));
            match key.as_str() {
                "args" => target.args = self.args(value, service).map_err(named)?,
                "secrets" => target.secrets = self.secrets(value).map_err(named)?,
                "x-bake" => {}
                other if other.starts_with("x-") => {}
                _ => set(&mut target, key, value).map_err(named)?,
            }
        }
        if let Some(extension) = build.get("x-bake") {
            extend(&mut target, extension).map_err(|problem| problem.prefixed("build.x-bake"))?;
        }
        if target.tags.as_ref().is_none_or(Vec::is_empty)
            && let Some(image) = service.get("image").filter(|image| !image.is_null())
        {
            target.tags = Some(vec![as_text(image)?]);
        }
        Ok(target)
    }

    /// Without a value it is the service's variable, or the environment's; an argument that nobody sets is left out.
    fn args(&self, value: &Value, service: &Value) -> Result<BTreeMap<String, String>> {
        let environment = match service.get("environment") {
            Some(environment) => pairs(environment, '=')?,
            None => BTreeMap::new(),
        };
        let value_of = |name: &str| {
            let own = environment.get(name).cloned().flatten();
            own.or_else(|| (self.variable)(name))
        };
        let args = pairs(value, '=')?.into_iter();
        Ok(args
            .filter_map(|(name, value)| value.or_else(|| value_of(&name)).map(|v| (name, v)))
            .collect())
    }

    /// Their sources stand in the file's own `secrets`.
    fn secrets(&self, value: &Value) -> Result<Vec<Secret>> {
        let mut secrets = Vec::new();
        for secret in value.as_array().into_iter().flatten() {
            let id = as_text(secret.get("source").unwrap_or(secret))?;
            let Some(known) = self.secrets.get(&id) else {
                return Err(Problem::new(format!("the file defines no secret `{id}`")));
            };
            let text = |key: &str| known.get(key).map(as_text).transpose();
            let (src, env) = (text("file")?, text("environment")?);
            let src = src.map(|path| clean(&path));
            secrets.push(Secret { id, src, env });
        }
        Ok(secrets)
    }
}

fn set(target: &mut Target, key: &str, value: &Value) -> Result<()> {
    let text = || as_text(value).map(Some);
    match key {
        "additional_contexts" => {
            let contexts = pairs(value, '=')?.into_iter();
            target.contexts = contexts
                .map(|(name, context)| {
                    let context = context.unwrap_or_default();
                    let context = match context.strip_prefix("service:") {
                        Some(service) => format!("target:{}", service.replace('.', "_")),
                        None => context,
                    };
                    (name, context)
                })
                .collect();
        }
        "cache_from" => target.cache_from = entries_of(value, Short::Registry)?,
        "cache_to" => target.cache_to = Some(entries_of(value, Short::Registry)?),
        "context" => target.context = text()?,
        "dockerfile" => target.dockerfile = text()?,
        "dockerfile_inline" => target.dockerfile_inline = text()?,
        "entitlements" => target.entitlements = words(value)?,
        "extra_hosts" => target.extra_hosts = hosts(value)?,
        // Without a value a label is empty.
        "labels" => {
            let labels = pairs(value, '=')?.into_iter();
            target.labels = labels.map(|(k, v)| (k, v.unwrap_or_default())).collect();
        }
        "network" => target.network = text()?,
        "no_cache" => target.no_cache = Some(as_bool(value)?),
        "platforms" => target.platforms = Some(words(value)?),
        "provenance" | "sbom" => target.attest.extend(attestation(key, value)?),
        "pull" => target.pull = Some(as_bool(value)?),
        "shm_size" => target.shm_size = Some(size(value)?),
        "ssh" => target.ssh = ssh(value)?,
        "tags" => target.tags = Some(words(value)?),
        "target" => target.target = text()?,
        "ulimits" => target.ulimits = ulimits(value)?,
        "isolation" | "privileged" => {}
        other => {
            let problem = Problem::new(format!("there is no `{other}`"));
            return Err(match dockerfile::suggest(other, KEYS.iter().copied()) {
                Some(near) => problem.help(format!("did you mean {near}?")),
                None => problem,
            });
        }
    }
    Ok(())
}

/// A map, or a list of `key=value`.
fn pairs(value: &Value, separator: char) -> Result<BTreeMap<String, Option<String>>> {
    if let Value::Array(items) = value {
        let pair = |item: &Value| {
            let text = as_text(item)?;
            Ok(match text.split_once(separator) {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (text, None),
            })
        };
        return items.iter().map(pair).collect();
    }
    let pair = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::Null => None,
            value => Some(as_text(value)?),
        };
        Ok((key.clone(), value))
    };
    as_map(value)?.iter().map(pair).collect()
}

/// `name=address` or `name:address`.
fn hosts(value: &Value) -> Result<BTreeMap<String, String>> {
    if value.is_object() {
        let pairs = pairs(value, '=')?.into_iter();
        return Ok(pairs.map(|(k, v)| (k, v.unwrap_or_default())).collect());
    }
    let host = |text: String| {
        let pair = text.split_once('=').or_else(|| text.split_once(':'));
        let pair = pair.map(|(name, address)| (name.to_owned(), address.to_owned()));
        pair.ok_or_else(|| Problem::new(format!("`{text}` is not NAME=ADDRESS")))
    };
    words(value)?.into_iter().map(host).collect()
}

fn ssh(value: &Value) -> Result<Vec<Ssh>> {
    let pairs = pairs(value, '=')?.into_iter();
    let ssh = pairs.map(|(id, path)| Ssh {
        id,
        paths: path.into_iter().collect(),
    });
    Ok(ssh.collect())
}

fn ulimits(value: &Value) -> Result<Vec<String>> {
    let limit = |(name, limit): (&String, &Value)| {
        let part = |key: &str| as_number(limit.get(key).unwrap_or(limit));
        Ok(format!("{name}={}:{}", part("soft")?, part("hard")?))
    };
    as_map(value)?.iter().map(limit).collect()
}

fn attestation(kind: &str, value: &Value) -> Result<Option<Entry>> {
    let text = as_text(value)?;
    let mut fields = BTreeMap::new();
    match text.as_str() {
        "true" => {}
        "false" => {
            fields.insert("disabled".to_owned(), "true".to_owned());
        }
        words => {
            return Entry::read(&Value::from(format!("type={kind},{words}")), Short::Kind)
                .map(Some);
        }
    }
    let kind = kind.to_owned();
    Ok(Some(Entry { kind, fields }))
}

/// `128m` and numbers of bytes, as buildx prints them: `128MiB`.
fn size(value: &Value) -> Result<String> {
    let text = as_text(value)?.to_ascii_lowercase();
    let wrong = || Problem::new(format!("`{text}` is no size such as 64m"));
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let mut bytes: f64 = digits.parse().map_err(|_| wrong())?;
    let shift = match text[digits.len()..].trim() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        _ => return Err(wrong()),
    };
    bytes *= 1024f64.powi(shift);
    let mut unit = 0;
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    while bytes >= 1024.0 && unit + 1 < UNITS.len() {
        bytes /= 1024.0;
        unit += 1;
    }
    let text = format!("{bytes:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Ok(format!("{text}{}", UNITS[unit]))
}

/// What bake knows and compose does not.
fn extend(target: &mut Target, extension: &Value) -> Result<()> {
    for (key, value) in as_map(extension)? {
        // One word is as good as a list of it.
        let list = match value {
            Value::Array(_) => value.clone(),
            one => Value::Array(vec![one.clone()]),
        };
        match key.as_str() {
            "tags" => target.tags.get_or_insert_default().extend(words(&list)?),
            "platforms" => target
                .platforms
                .get_or_insert_default()
                .extend(words(&list)?),
            "cache-from" => target.cache_from = entries_of(&list, Short::Registry)?,
            "cache-to" => target.cache_to = Some(entries_of(&list, Short::Registry)?),
            "output" => target.outputs = Some(entries_of(&list, Short::Folder)?),
            "attest" => target.attest.extend(entries_of(&list, Short::Kind)?),
            "secret" => {
                for secret in list.as_array().into_iter().flatten() {
                    target.secrets.push(Secret::read(secret)?);
                }
            }
            "ssh" => {
                for ssh in list.as_array().into_iter().flatten() {
                    target.ssh.push(Ssh::read(ssh)?);
                }
            }
            "pull" => target.pull = Some(as_bool(value)?),
            "no-cache" => target.no_cache = Some(as_bool(value)?),
            "no-cache-filter" => target.no_cache_filter.extend(words(&list)?),
            "contexts" => {
                let contexts = pairs(value, '=')?.into_iter();
                let contexts = contexts.map(|(k, v)| (k, v.unwrap_or_default()));
                target.contexts.extend(contexts);
            }
            other => return Err(Problem::new(format!("there is no `{other}`"))),
        }
    }
    Ok(())
}
