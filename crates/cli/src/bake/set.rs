//! `--set PATTERN.KEY[.NAME]=VALUE`: the last word on targets.

use super::entry::{Entry, Secret, Short, Ssh};
use super::problem::{Problem, Result};
use super::target::Target;
use crate::key_values;
use serde_json::Value;
use std::collections::BTreeMap;

/// Values for some targets. Several values for a key are a list.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    /// As it was said.
    pub(super) said: String,
    pub(super) pattern: String,
    key: String,
    /// What `args`, `labels`, `contexts` and `extra-hosts` need beside.
    name: Option<String>,
    values: Vec<String>,
    /// `+=`: what is there stays.
    adds: bool,
}

impl Set {
    /// Reads one flag. `lookup` asks the environment for `args.NAME` without a value.
    pub(crate) fn read(
        text: &str,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>> {
        let wrong = || Problem::new(format!("--set {text}: it is not TARGET.KEY=VALUE"));
        let (path, value) = match text.split_once('=') {
            Some((path, value)) => (path, Some(value.to_owned())),
            None => (text, None),
        };
        let (path, adds) = match path.strip_suffix('+') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let mut parts = path.splitn(3, '.');
        let (pattern, key) = (parts.next().unwrap_or(""), parts.next().ok_or_else(wrong)?);
        let name = parts.next().map(str::to_owned);
        let value = match (value, key, &name) {
            (Some(value), _, _) => value,
            (None, "args", Some(name)) => match lookup(name) {
                Some(value) => value,
                None => return Ok(None),
            },
            _ => return Err(wrong()),
        };
        let has_names = matches!(key, "args" | "labels" | "contexts" | "extra-hosts");
        if has_names != name.is_some() {
            let help = match has_names {
                true => format!("{key} needs a name: {pattern}.{key}.NAME=VALUE"),
                false => format!("{key} has no names: {pattern}.{key}=VALUE"),
            };
            return Err(wrong().help(help));
        }
        Ok(Some(Self {
            said: text.to_owned(),
            pattern: pattern.to_owned(),
            key: key.to_owned(),
            name,
            values: vec![value],
            adds,
        }))
    }

    /// A flag that is short for one.
    pub(crate) fn all(key: &str, value: &str) -> Self {
        Self {
            said: format!("*.{key}={value}"),
            pattern: "*".to_owned(),
            key: key.to_owned(),
            name: None,
            values: vec![value.to_owned()],
            adds: false,
        }
    }

    /// Several flags for one list make one list.
    pub(crate) fn joined(sets: Vec<Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for set in sets {
            let same = |known: &&mut Self| {
                (&known.pattern, &known.key, &known.name) == (&set.pattern, &set.key, &set.name)
            };
            match joined.iter_mut().find(same) {
                Some(known) => known.values.extend(set.values),
                None => joined.push(set),
            }
        }
        joined
    }

    pub(super) fn apply(&self, target: &mut Target) -> Result<()> {
        self.set(target)
            .map_err(|problem| problem.prefixed(&format!("--set {}", self.said)))
    }

    fn set(&self, target: &mut Target) -> Result<()> {
        let last = || self.values.last().cloned().unwrap_or_default();
        let boolean = || key_values::boolean(&last()).map(Some).map_err(Problem::new);
        let entries = |short| -> Result<Vec<Entry>> {
            let texts = self.texts();
            texts.map(|text| Entry::read(&text, short)).collect()
        };
        let optional = |list: &Option<Vec<Entry>>, new: Vec<Entry>| match (list, self.adds) {
            (Some(list), true) => Some([list.as_slice(), &new].concat()),
            _ => Some(new),
        };
        match self.key.as_str() {
            "context" => target.context = Some(last()),
            "dockerfile" => target.dockerfile = Some(last()),
            "dockerfile-inline" => target.dockerfile_inline = Some(last()),
            "target" => target.target = Some(last()),
            "call" => target.call = Some(last()),
            "network" => target.network = Some(last()),
            "shm-size" => target.shm_size = Some(last()),
            "description" => target.description = Some(last()),
            "pull" => target.pull = boolean()?,
            "no-cache" => target.no_cache = boolean()?,
            "args" => self.named(&mut target.args),
            "labels" => self.named(&mut target.labels),
            "contexts" => self.named(&mut target.contexts),
            "extra-hosts" => self.named(&mut target.extra_hosts),
            "tags" => target.tags = Some(self.list(target.tags.take())),
            "platform" | "platforms" => {
                target.platforms = Some(self.list(target.platforms.take()));
            }
            "annotations" => target.annotations.extend(self.values.clone()),
            "ulimits" => target.ulimits.extend(self.values.clone()),
            "entitlements" => target.entitlements.extend(self.values.clone()),
            "no-cache-filter" => target.no_cache_filter = self.values.clone(),
            "cache-from" if self.adds => target.cache_from.extend(entries(Short::Registry)?),
            "cache-from" => target.cache_from = entries(Short::Registry)?,
            "cache-to" => target.cache_to = optional(&target.cache_to, entries(Short::Registry)?),
            "output" => target.outputs = optional(&target.outputs, entries(Short::Folder)?),
            "attest" => target.attest.extend(entries(Short::Kind)?),
            "secrets" | "secret" => {
                let read = self.texts().map(|text| Secret::read(&text));
                target.secrets = read.collect::<Result<_>>()?;
            }
            "ssh" => {
                let read = self.texts().map(|text| Ssh::read(&text));
                target.ssh = read.collect::<Result<_>>()?;
            }
            "load" if boolean()? == Some(true) => load(target),
            "push" if boolean()? == Some(true) => push(target),
            "load" | "push" => {}
            other => return Err(Problem::new(format!("there is no key `{other}`"))),
        }
        Ok(())
    }

    fn texts(&self) -> impl Iterator<Item = Value> {
        let values = self.values.iter().filter(|value| !value.is_empty());
        values.map(|value| Value::from(value.as_str()))
    }

    fn list(&self, old: Option<Vec<String>>) -> Vec<String> {
        let mut list = if self.adds {
            old.unwrap_or_default()
        } else {
            Vec::new()
        };
        list.extend(self.values.iter().cloned());
        list
    }

    fn named(&self, map: &mut BTreeMap<String, String>) {
        if let (Some(name), Some(value)) = (&self.name, self.values.last()) {
            map.insert(name.clone(), value.clone());
        }
    }
}

/// `--load`, unless the outputs are files.
fn load(target: &mut Target) {
    let outputs = target.outputs.get_or_insert_default();
    let is_store = |output: &Entry| output.kind == "docker" && !output.fields.contains_key("dest");
    let leaves_room = |output: &Entry| {
        matches!(
            output.kind.as_str(),
            "image" | "registry" | "oci" | "docker"
        )
    };
    if !outputs.iter().any(is_store) && outputs.iter().all(leaves_room) {
        outputs.push(Entry {
            kind: "docker".to_owned(),
            fields: BTreeMap::new(),
        });
    }
}

/// `--push`: images are pushed, and one is made if there is none.
fn push(target: &mut Target) {
    let outputs = target.outputs.get_or_insert_default();
    let mut images = 0;
    for output in outputs.iter_mut() {
        if matches!(output.kind.as_str(), "image" | "registry") {
            images += 1;
            let fields = &mut output.fields;
            fields
                .entry("push".to_owned())
                .or_insert_with(|| "true".to_owned());
        }
    }
    if images == 0 {
        outputs.push(Entry {
            kind: "image".to_owned(),
            fields: BTreeMap::from([("push".to_owned(), "true".to_owned())]),
        });
    }
}

/// `*` and `?`, as in file names.
pub(super) fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star was, and how much of the name it took.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs() {
        for (pattern, name, want) in [
            ("*", "app", true),
            ("app*", "app-1", true),
            ("*-1", "app-1-1", true),
            ("a?p", "app", true),
            ("a", "app", false),
            ("*b*", "abc", true),
            ("**", "", true),
            ("a*c", "ab", false),
        ] {
            assert_eq!(glob(pattern, name), want, "{pattern} {name}");
        }
    }
}
