use std::collections::BTreeMap;

use serde::Deserialize;

use super::Registries;
use super::rule::{Mirror, PullFrom, Rule};

/// A file as it is written. What is not named here does not concern pulling.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct FileContent {
    unqualified_search_registries: Vec<String>,
    aliases: BTreeMap<String, String>,
    registry: Vec<RegistryTable>,
    credential_helpers: Vec<String>,
    /// Version 1 had its lists in here.
    registries: Option<toml::Table>,
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
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Checks what TOML cannot.
    pub(super) fn check(self) -> Result<Registries, String> {
        if self.registries.is_some() {
            return Err("it is of version 1; write [[registry]] tables".to_owned());
        }
        let search: Result<Vec<String>, String> = self
            .unqualified_search_registries
            .iter()
            .map(|host| place(host))
            .collect();
        let mut rules = BTreeMap::new();
        for table in self.registry {
            let rule = table.check()?;
            rules.insert(rule.prefix.clone(), rule);
        }
        Ok(Registries {
            search: search?,
            aliases: self.aliases,
            rules,
            credential_helpers: self.credential_helpers,
        })
    }
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
