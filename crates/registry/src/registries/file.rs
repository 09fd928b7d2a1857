use std::collections::BTreeMap;

use oci::Reference;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rule::{Mirror, PullFrom, Rule};
use super::{Registries, ShortNames};

/// What there may be, at the top, in a `[[registry]]`, and in a `[[registry.mirror]]`.
const KEYS: [&[&str]; 3] = [
    &[
        "unqualified-search-registries",
        "short-name-mode",
        "aliases",
        "registry",
        "credential-helpers",
        "additional-layer-store-auth-helper",
        "registries",
    ],
    &[
        "prefix",
        "location",
        "insecure",
        "blocked",
        "mirror-by-digest-only",
        "mirror",
    ],
    &["location", "insecure", "pull-from-mirror"],
];

/// A file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct FileContent {
    unqualified_search_registries: Vec<String>,
    short_name_mode: Option<ShortNames>,
    aliases: BTreeMap<String, String>,
    registry: Vec<Spanned<RegistryTable>>,
    credential_helpers: Vec<String>,
    /// Version 1 has its lists in here.
    registries: Option<Lists>,
}

/// Version 1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lists {
    search: List,
    insecure: List,
    block: List,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct List {
    registries: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RegistryTable {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror_by_digest_only: bool,
    mirror: Vec<MirrorTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct MirrorTable {
    location: String,
    insecure: bool,
    pull_from_mirror: Option<PullFrom>,
}

impl FileContent {
    /// Reads the text of a file, and checks what TOML cannot.
    pub(super) fn read(text: &str) -> Result<Registries, String> {
        let content: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let content = content.in_version_2()?;
        let mut rules = BTreeMap::new();
        for table in content.registry {
            let start = table.span().start;
            let rule = table.into_inner().check();
            let rule = rule.map_err(|reason| format!("line {}: {reason}", line(text, start)))?;
            rules.insert(rule.prefix.clone(), rule);
        }
        for (name, full) in &content.aliases {
            check_alias(name, full)?;
        }
        let search = content.unqualified_search_registries.iter();
        Ok(Registries {
            search: search.map(|host| place(host)).collect::<Result<_, _>>()?,
            short_names: content.short_name_mode,
            aliases: content.aliases,
            rules,
            credential_helpers: content.credential_helpers,
            warnings: unknown_keys(text),
        })
    }

    /// Version 1 said less: each of its lists means something that version 2 says, too.
    fn in_version_2(mut self) -> Result<Self, String> {
        let Some(lists) = self.registries.take() else {
            return Ok(self);
        };
        if !self.registry.is_empty() || !self.unqualified_search_registries.is_empty() {
            return Err("[registries] is of version 1, and the rest is of version 2".to_owned());
        }
        self.unqualified_search_registries = lists.search.registries;
        let mut tables: BTreeMap<String, RegistryTable> = BTreeMap::new();
        for location in lists.insecure.registries {
            tables.entry(location).or_default().insecure = true;
        }
        for location in lists.block.registries {
            tables.entry(location).or_default().blocked = true;
        }
        let tables = tables
            .into_iter()
            .map(|(location, table)| Spanned::new(0..0, RegistryTable { location, ..table }));
        self.registry = tables.collect();
        Ok(self)
    }
}

/// An alias is for a name without a registry, and leads to one with a registry; to nothing if it is switched off.
fn check_alias(name: &str, full: &str) -> Result<(), String> {
    if Reference::is_qualified(name) || name.contains(['@', ':']) {
        return Err(format!("alias `{name}` is no short name"));
    }
    let tagged = full
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains(':'));
    let whole = |reference: Reference| reference.digest().is_none() && !tagged;
    if full.is_empty() || (Reference::is_qualified(full) && full.parse().is_ok_and(whole)) {
        return Ok(());
    }
    Err(format!("alias `{name}`: `{full}` is not host/repository"))
}

/// The keys that mean nothing, with their lines: most likely they are mistyped.
fn unknown_keys(text: &str) -> Vec<String> {
    let Ok(table) = DeTable::parse(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut tables = vec![(table.get_ref(), KEYS.as_slice())];
    while let Some((table, keys)) = tables.pop() {
        let Some((known, below)) = keys.split_first() else {
            continue;
        };
        for (key, value) in table {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                found.push((line(text, key.span().start), name.to_owned()));
            }
            if let ("registry" | "mirror", DeValue::Array(all)) = (name, value.get_ref()) {
                let inner = all.iter().filter_map(|value| value.get_ref().as_table());
                tables.extend(inner.map(|table| (table, below)));
            }
        }
    }
    found.sort();
    let sentences = found.into_iter();
    sentences
        .map(|(line, key)| format!("line {line}: there is no key `{key}`"))
        .collect()
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

impl RegistryTable {
    fn check(self) -> Result<Rule, String> {
        let location = place(&self.location)?;
        let prefix = if self.prefix.is_empty() {
            location.clone()
        } else {
            place(&self.prefix)?
        };
        if prefix.is_empty() {
            return Err("a [[registry]] has neither prefix nor location".to_owned());
        }
        let wildcard = prefix.strip_prefix("*.");
        if wildcard.unwrap_or(&prefix).contains('*')
            || wildcard.is_some_and(|name| name.contains('/'))
        {
            return Err(format!(
                "prefix `{prefix}`: a wildcard is only for subdomains: *.example.com"
            ));
        }
        let location = match (location.is_empty(), wildcard.is_some()) {
            (false, _) => Some(location),
            (true, true) => None,
            (true, false) => Some(prefix.clone()),
        };
        let digest_only = self.mirror_by_digest_only;
        let mirrors: Result<Vec<Mirror>, String> = self
            .mirror
            .into_iter()
            .map(|mirror| mirror.check(digest_only))
            .collect();
        Ok(Rule {
            prefix,
            location,
            insecure: self.insecure,
            blocked: self.blocked,
            mirrors: mirrors?,
        })
    }
}

impl MirrorTable {
    fn check(self, digest_only: bool) -> Result<Mirror, String> {
        let location = place(&self.location)?;
        if location.is_empty() {
            return Err("a [[registry.mirror]] has no location".to_owned());
        }
        if digest_only && self.pull_from_mirror.is_some() {
            return Err(format!(
                "mirror `{location}`: its registry has mirror-by-digest-only, so it cannot have \
                 pull-from-mirror"
            ));
        }
        let default = if digest_only {
            PullFrom::DigestOnly
        } else {
            PullFrom::All
        };
        let pull_from = self.pull_from_mirror.unwrap_or(default);
        Ok(Mirror {
            location,
            insecure: self.insecure,
            pull_from,
        })
    }
}

/// `host[:port][/path]`, without a slash at the end.
fn place(text: &str) -> Result<String, String> {
    if text.contains("://") {
        return Err(format!(
            "`{text}`: write the host without a scheme, and insecure = true for HTTP"
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}
