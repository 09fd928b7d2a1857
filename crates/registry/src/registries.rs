//! containers-registries.conf(5), version 2.

mod file;
mod rule;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci::Reference;
use serde::Deserialize;

use crate::{Endpoint, Error};
use file::FileContent;
use rule::Rule;

const MAX_SIZE: u64 = 1 << 20;

/// Where the registries are that names name: other places, mirrors, and those that are forbidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registries {
    search: Vec<String>,
    aliases: BTreeMap<String, String>,
    rules: BTreeMap<String, Rule>,
    credential_helpers: Vec<String>,
    short_names: Option<ShortNames>,
    warnings: Vec<String>,
}

/// `short-name-mode`: what to do about a name without a registry that several registries may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShortNames {
    /// The user is asked, which this program does not: it is an error.
    Enforcing,
    /// The user is asked if there is a terminal; else as below.
    Permissive,
    /// One after the other is tried.
    Disabled,
}

impl Registries {
    /// Reads the configuration where it usually is: `containers/registries.conf` in `config_home`
    /// (`$XDG_CONFIG_HOME`) or else in `/etc`, and the files `registries.conf.d/*.conf`: beside both, or only beside the
    /// former if that is there. What is not there is as good as empty.
    ///
    /// # Errors
    /// When a file cannot be read or is wrong.
    pub fn load_default(config_home: Option<&Path>) -> Result<Self, Error> {
        Self::load_from(Path::new("/etc"), config_home)
    }

    fn load_from(system: &Path, config_home: Option<&Path>) -> Result<Self, Error> {
        let places = [Some(system), config_home].into_iter().flatten();
        let mut folders: Vec<PathBuf> = places.map(|place| place.join("containers")).collect();
        // Who has a file of their own has said it all.
        let own = folders
            .iter()
            .rposition(|folder| folder.join("registries.conf").exists());
        let mut registries = match own {
            Some(index) => Self::load(&folders[index].join("registries.conf"))?,
            None => Self::default(),
        };
        if config_home.is_some() && own == Some(1) {
            folders.remove(0);
        }
        for folder in &folders {
            for path in drop_ins(&folder.join("registries.conf.d"))? {
                registries.merge(Self::load(&path)?);
            }
        }
        Ok(registries)
    }

    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read or is wrong.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(MAX_SIZE + 1).read_to_string(&mut text))
            .map_err(|source| Error::ConfigRead {
                path: path.to_owned(),
                source,
            })?;
        if text.len() as u64 > MAX_SIZE {
            let reason = "it is longer than 1 MiB".to_owned();
            return Err(Error::ConfigInvalid {
                path: path.to_owned(),
                reason,
            });
        }
        let mut read = Self::parse(&text).map_err(|reason| Error::ConfigInvalid {
            path: path.to_owned(),
            reason,
        })?;
        for warning in &mut read.warnings {
            *warning = format!("{}: {warning}", path.display());
        }
        Ok(read)
    }

    /// Reads the text of a file; the error says what is wrong and where.
    ///
    /// # Errors
    /// When the text is not TOML, or has a wrong value.
    pub fn parse(text: &str) -> Result<Self, String> {
        FileContent::read(text)
    }

    /// Who keeps credentials, in the order in which they are asked: names of helpers, and [`AUTH_FILE`](Self::AUTH_FILE).
    pub fn credential_helpers(&self) -> &[String] {
        &self.credential_helpers
    }

    /// The name among [`credential_helpers`](Self::credential_helpers) that stands for the files.
    pub const AUTH_FILE: &str = "containers-auth.json";

    /// Lets `other` change this: what it says of a prefix, an alias or the search list is what counts.
    pub fn merge(&mut self, other: Self) {
        if !other.search.is_empty() {
            self.search = other.search;
        }
        if !other.credential_helpers.is_empty() {
            self.credential_helpers = other.credential_helpers;
        }
        self.short_names = other.short_names.or(self.short_names);
        self.warnings.extend(other.warnings);
        self.aliases.extend(other.aliases);
        self.rules.extend(other.rules);
    }

    /// What is strange in the files, but no error: keys that mean nothing.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The names that `text` can stand for, best first: one, unless it names no registry and
    /// `unqualified-search-registries` names several. Without that, Docker Hub is meant.
    ///
    /// # Errors
    /// When `text` is no reference, or may not stand for several.
    pub fn expand(&self, text: &str) -> Result<Vec<Reference>, Error> {
        let read = |text: &str| {
            text.parse::<Reference>()
                .map_err(|source| Error::InvalidName {
                    name: text.to_owned(),
                    source,
                })
        };
        let plain = read(text)?;
        if Reference::is_qualified(text) {
            return Ok(vec![plain]);
        }
        let end = text.find(['@', ':']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if let Some(full) = self.aliases.get(name).filter(|full| !full.is_empty()) {
            return Ok(vec![read(&format!("{full}{rest}"))?]);
        }
        if self.search.is_empty() {
            return Ok(vec![plain]);
        }
        let candidates: Vec<String> = self
            .search
            .iter()
            .map(|registry| format!("{registry}/{text}"))
            .collect();
        if self.short_names == Some(ShortNames::Enforcing) && candidates.len() > 1 {
            return Err(Error::AmbiguousName {
                name: text.to_owned(),
                candidates: candidates.join(", "),
            });
        }
        candidates.iter().map(|full| read(full)).collect()
    }

    /// Where a reference is to be had, in the order in which to ask: mirrors first.
    ///
    /// # Errors
    /// When the configuration forbids the reference, or makes no sense for it.
    pub fn endpoints(&self, reference: &Reference) -> Result<Vec<Endpoint>, Error> {
        match self.rule(&reference.to_string()) {
            Some((rule, matched)) => rule.endpoints(reference, matched),
            None => Ok(vec![Endpoint::of(reference)]),
        }
    }

    /// May a registry as a whole be without TLS, or with a certificate that nobody vouches for?
    pub(crate) fn is_insecure(&self, host: &str) -> bool {
        self.rule(host).is_some_and(|(rule, _)| rule.insecure)
    }

    /// Is a registry as a whole forbidden?
    pub(crate) fn is_blocked(&self, host: &str) -> bool {
        self.rule(host).is_some_and(|(rule, _)| rule.blocked)
    }

    /// The rule for a full name, and how much of it the prefix is.
    fn rule(&self, name: &str) -> Option<(&Rule, usize)> {
        let matching = self
            .rules
            .values()
            .filter_map(|rule| Some((rule, rule.matches(name)?)));
        matching.max_by_key(|(rule, _)| rule.prefix.len())
    }
}

/// The files of a `.d` folder, in the order of their names.
fn drop_ins(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::ConfigRead {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths: Result<Vec<PathBuf>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths.map_err(failed)?;
    paths.retain(|path| path.extension() == Some(OsStr::new("conf")));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
