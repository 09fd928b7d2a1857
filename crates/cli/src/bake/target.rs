//! A target: one build, as the files say it. What is `None` was not said.

use super::entry::{Entry, Secret, Ssh};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) description: Option<String>,
    pub(super) inherits: Vec<String>,
    pub(crate) annotations: Vec<String>,
    pub(crate) attest: Vec<Entry>,
    pub(crate) context: Option<String>,
    pub(crate) contexts: BTreeMap<String, String>,
    pub(crate) dockerfile: Option<String>,
    pub(crate) dockerfile_inline: Option<String>,
    pub(crate) args: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) cache_from: Vec<Entry>,
    pub(crate) cache_to: Option<Vec<Entry>>,
    pub(crate) target: Option<String>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) ssh: Vec<Ssh>,
    pub(crate) platforms: Option<Vec<String>>,
    pub(crate) outputs: Option<Vec<Entry>>,
    pub(crate) pull: Option<bool>,
    pub(crate) no_cache: Option<bool>,
    pub(crate) network: Option<String>,
    pub(crate) no_cache_filter: Vec<String>,
    pub(crate) shm_size: Option<String>,
    pub(crate) ulimits: Vec<String>,
    pub(crate) call: Option<String>,
    pub(crate) entitlements: Vec<String>,
    pub(crate) extra_hosts: BTreeMap<String, String>,
}

impl Target {
    /// The targets that it has for contexts.
    pub(crate) fn uses(&self) -> Vec<String> {
        let contexts = self.contexts.values();
        let targets = contexts.filter_map(|context| context.strip_prefix("target:"));
        targets.map(str::to_owned).collect()
    }

    /// Puts what another says over this: some things are replaced, some are added to.
    pub(super) fn merge(&mut self, other: &Self) {
        fn over<T: Clone>(this: &mut Option<T>, other: &Option<T>) {
            if let Some(value) = other {
                *this = Some(value.clone());
            }
        }
        fn add<T: Clone>(this: &mut Vec<T>, other: &[T]) {
            this.extend_from_slice(other);
        }
        fn each(this: &mut BTreeMap<String, String>, other: &BTreeMap<String, String>) {
            this.extend(
                other
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        over(&mut self.description, &other.description);
        over(&mut self.context, &other.context);
        over(&mut self.dockerfile, &other.dockerfile);
        over(&mut self.dockerfile_inline, &other.dockerfile_inline);
        over(&mut self.tags, &other.tags);
        over(&mut self.cache_to, &other.cache_to);
        over(&mut self.target, &other.target);
        over(&mut self.platforms, &other.platforms);
        over(&mut self.outputs, &other.outputs);
        over(&mut self.pull, &other.pull);
        over(&mut self.no_cache, &other.no_cache);
        over(&mut self.network, &other.network);
        over(&mut self.shm_size, &other.shm_size);
        over(&mut self.call, &other.call);
        add(&mut self.inherits, &other.inherits);
        add(&mut self.annotations, &other.annotations);
        add(&mut self.attest, &other.attest);
        add(&mut self.cache_from, &other.cache_from);
        add(&mut self.secrets, &other.secrets);
        add(&mut self.ssh, &other.ssh);
        add(&mut self.no_cache_filter, &other.no_cache_filter);
        add(&mut self.ulimits, &other.ulimits);
        add(&mut self.entitlements, &other.entitlements);
        each(&mut self.contexts, &other.contexts);
        each(&mut self.args, &other.args);
        each(&mut self.labels, &other.labels);
        each(&mut self.extra_hosts, &other.extra_hosts);
    }

    /// Takes away what is said twice, and empty words, which conditions leave.
    pub(super) fn normalize(&mut self) {
        let words = [
            &mut self.annotations,
            &mut self.no_cache_filter,
            &mut self.ulimits,
            &mut self.entitlements,
        ];
        for list in words
            .into_iter()
            .chain(self.tags.as_mut())
            .chain(self.platforms.as_mut())
        {
            list.retain(|word| !word.is_empty());
            once(list);
        }
        once(&mut self.cache_from);
        once(&mut self.secrets);
        once(&mut self.ssh);
        for list in self.cache_to.iter_mut().chain(self.outputs.as_mut()) {
            once(list);
        }
        // Of one type the last counts.
        let mut attest: Vec<Entry> = Vec::new();
        for entry in self.attest.drain(..) {
            match attest.iter_mut().find(|known| known.kind == entry.kind) {
                Some(known) => *known = entry,
                None => attest.push(entry),
            }
        }
        self.attest = attest;
        self.contexts.retain(|_, context| !context.is_empty());
        // As buildx does with a folder; a URL is left as it is.
        if let Some(context) = &mut self.context
            && !context.contains("://")
            && !context.starts_with("git@")
        {
            *context = clean(context);
        }
    }

    /// As `--print` shows it.
    pub(crate) fn to_json(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let words = |list: &[String]| (!list.is_empty()).then(|| Value::from(list.to_vec()));
        let escaped = |map: &BTreeMap<String, String>| -> Option<Value> {
            let map = map.iter().map(|(k, v)| (k.clone(), Value::from(escape(v))));
            let map: Map<String, Value> = map.collect();
            (!map.is_empty()).then_some(Value::Object(map))
        };
        let plain = |map: &BTreeMap<String, String>| -> Option<Value> {
            let map = map
                .iter()
                .map(|(k, v)| (k.clone(), Value::from(v.as_str())));
            let map: Map<String, Value> = map.collect();
            (!map.is_empty()).then_some(Value::Object(map))
        };
        let entries = |list: &[Entry]| -> Option<Value> {
            (!list.is_empty()).then(|| list.iter().map(Entry::to_json).collect())
        };
        let annotations: Vec<String> = self.annotations.iter().map(|text| escape(text)).collect();
        let inline = self.dockerfile_inline.as_deref().map(escape);
        let secrets = || self.secrets.iter().map(Secret::to_json).collect();
        let ssh = || self.ssh.iter().map(Ssh::to_json).collect();
        let fields = [
            ("description", text(&self.description)),
            ("annotations", words(&annotations)),
            ("attest", entries(&self.attest)),
            ("context", text(&self.context)),
            ("contexts", plain(&self.contexts)),
            ("dockerfile", text(&self.dockerfile)),
            ("dockerfile-inline", text(&inline)),
            ("args", escaped(&self.args)),
            ("labels", escaped(&self.labels)),
            ("tags", self.tags.as_deref().and_then(words)),
            ("cache-from", entries(&self.cache_from)),
            ("cache-to", self.cache_to.as_deref().and_then(entries)),
            ("target", text(&self.target)),
            ("secret", (!self.secrets.is_empty()).then(secrets)),
            ("ssh", (!self.ssh.is_empty()).then(ssh)),
            ("platforms", self.platforms.as_deref().and_then(words)),
            ("output", self.outputs.as_deref().and_then(entries)),
            ("pull", self.pull.map(Value::Bool)),
            ("no-cache", self.no_cache.map(Value::Bool)),
            ("network", text(&self.network)),
            ("no-cache-filter", words(&self.no_cache_filter)),
            ("shm-size", text(&self.shm_size)),
            ("ulimits", words(&self.ulimits)),
            ("call", text(&self.call)),
            ("entitlements", words(&self.entitlements)),
            ("extra-hosts", plain(&self.extra_hosts)),
        ];
        let said = fields.into_iter();
        let said = said.filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Value::Object(said.collect())
    }
}

fn once<T: PartialEq + Clone>(list: &mut Vec<T>) {
    let mut seen: Vec<T> = Vec::new();
    list.retain(|item| {
        let new = !seen.contains(item);
        if new {
            seen.push(item.clone());
        }
        new
    });
}

/// So that what is printed is a bake file again.
fn escape(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// `./a//b/` is `a/b`, `a/..` is `.`: Go's path.Clean.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}
