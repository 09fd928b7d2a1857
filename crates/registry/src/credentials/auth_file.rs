use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ureq::http::{HeaderName, HeaderValue};

use super::{Credential, CredentialError, RegistryKey};

/// A longer file is no file of credentials.
const LIMIT: u64 = 4 << 20;

/// Hand-written files may lack the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Docker's `config.json`, or containers' auth.json(5), which has the same shape. What this program does not know
/// is kept as it is.
#[derive(Clone)]
pub struct AuthFile {
    /// Where it is, links followed; `None` is not in a file.
    path: Option<PathBuf>,
    /// What errors call it.
    place: String,
    known: Known,
    content: Map<String, Value>,
}

/// What this program understands of it.
#[derive(Clone, Default, Deserialize)]
struct Known {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
    #[serde(rename = "HttpHeaders")]
    headers: Option<BTreeMap<String, String>>,
}

/// What it has for one registry.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl AuthFile {
    /// Reads a file; one that is not there is as good as empty.
    ///
    /// # Errors
    /// When it cannot be read or makes no sense.
    pub fn read(path: &Path) -> Result<Self, CredentialError> {
        // Dotfiles are often links into a repository: what they lead to is what is written.
        let path = fs::canonicalize(path)
            .or_else(|_| std::path::absolute(path))
            .unwrap_or_else(|_| path.to_owned());
        let mut text = String::new();
        let read = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            opened => opened.and_then(|file| file.take(LIMIT).read_to_string(&mut text)),
        };
        if let Err(source) = read {
            return Err(CredentialError::Read { path, source });
        }
        let place = path.display().to_string();
        Ok(Self {
            path: Some(path),
            ..Self::parse(&text, &place)?
        })
    }

    /// Reads a text; errors call it `place`.
    ///
    /// # Errors
    /// When it makes no sense. The error says where, and nothing of what is there: it may be a secret.
    pub fn parse(text: &str, place: &str) -> Result<Self, CredentialError> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        let invalid = |error: &serde_json::Error| CredentialError::Invalid {
            place: place.to_owned(),
            reason: without_content(error),
        };
        Ok(Self {
            path: None,
            place: place.to_owned(),
            known: serde_json::from_str(text).map_err(|error| invalid(&error))?,
            content: serde_json::from_str(text).map_err(|error| invalid(&error))?,
        })
    }

    /// The whole object.
    pub fn content(&self) -> &Map<String, Value> {
        &self.content
    }

    /// The whole object, to be changed where it is not about credentials.
    pub fn content_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.content
    }

    /// Where it is; `None` is not in a file.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What errors call it.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The helper program that keeps a registry's credentials: `pass` for `docker-credential-pass`.
    pub(super) fn helper(&self, key: &RegistryKey) -> Option<&str> {
        let own = self.known.helpers.iter().flatten();
        let own = own
            .filter(|(name, _)| RegistryKey::new(name).host() == key.host())
            .map(|(_, helper)| helper);
        own.chain(&self.known.store)
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }

    /// The headers that are sent to registries: of docker's `HttpHeaders`, which are for its daemon, those that
    /// the daemon passes on.
    pub fn registry_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.known.headers.iter().flatten();
        headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-meta-"))
            .filter(|(name, value)| {
                HeaderName::try_from(*name).is_ok() && HeaderValue::try_from(*value).is_ok()
            })
    }

    /// The registries that it names, as it names them.
    pub(super) fn names(&self) -> Vec<String> {
        let own = self.known.auths.iter().flatten().map(|(name, _)| name);
        let helped = self.known.helpers.iter().flatten().map(|(name, _)| name);
        own.chain(helped).cloned().collect()
    }

    /// The credentials in it for a repository, by the name that covers the most of it, and that name.
    pub(super) fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<(RegistryKey, Credential)>, CredentialError> {
        let entries = self.known.auths.iter().flatten();
        let mut covering: Vec<_> = entries
            .filter_map(|(name, entry)| {
                let key = RegistryKey::new(name);
                let covered = key.covers(registry, repository)?;
                // Of Docker Hub's names, this one is docker's.
                Some((covered, *name == key.address(), key, entry.as_ref()?))
            })
            .collect();
        covering.sort_by_key(|(covered, exact, ..)| (*covered, *exact));
        for (_, _, key, entry) in covering.into_iter().rev() {
            if let Some(credential) = entry.credential(&key, &self.place)? {
                return Ok(Some((key, credential)));
            }
        }
        Ok(None)
    }

    /// Sets what it has for a registry; `None` leaves its name only, as docker does where a helper has the rest.
    /// An identity token goes with the name that it was got for.
    pub(super) fn set(&mut self, key: &RegistryKey, credential: Option<(&str, &Credential)>) {
        self.remove(key);
        let entry = match credential {
            None => json!({}),
            Some((_, Credential::Password { username, password })) => {
                json!({ "auth": BASE64.encode(format!("{username}:{password}")) })
            }
            Some((username, Credential::IdentityToken(token))) => {
                json!({ "auth": BASE64.encode(format!("{username}:")), "identitytoken": token })
            }
            Some((_, Credential::RegistryToken(token))) => json!({ "registrytoken": token }),
        };
        let auths = self
            .content
            .entry("auths")
            .or_insert_with(|| Value::Object(Map::new()));
        if !auths.is_object() {
            *auths = Value::Object(Map::new());
        }
        if let Value::Object(auths) = auths {
            auths.insert(key.address().to_owned(), entry);
        }
    }

    /// Takes away all that it has for a registry, under whichever of its names. False if there is nothing.
    pub(super) fn remove(&mut self, key: &RegistryKey) -> bool {
        let Some(Value::Object(auths)) = self.content.get_mut("auths") else {
            return false;
        };
        let before = auths.len();
        auths.retain(|name, _| RegistryKey::new(name) != *key);
        before != auths.len()
    }

    /// Replaces the file at once, with the mode and the owner that it has, but for nobody else than owner and
    /// group: it holds passwords. A new one is for its owner alone, and so is a folder that has to be made.
    ///
    /// # Errors
    /// When it cannot be written, or is not in a file.
    pub fn write(&self) -> Result<(), CredentialError> {
        let path = self.path.as_ref().ok_or(CredentialError::NoPlace)?;
        self.replace(path).map_err(|source| CredentialError::Write {
            path: path.clone(),
            source,
        })
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::create_dir_all(folder)?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let beside = path.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        let done = self
            .fill(file, path)
            .and_then(|()| fs::rename(&beside, path));
        if done.is_err() {
            // It is ours, and of no use.
            let _ = fs::remove_file(&beside);
        }
        done
    }

    fn fill(&self, mut file: File, path: &Path) -> io::Result<()> {
        // As docker writes it.
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut text = Vec::new();
        self.content
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut text, formatter,
            ))?;
        text.push(b'\n');
        file.write_all(&text)?;
        if let Ok(old) = fs::metadata(path) {
            // Who may not give it away owns it already.
            let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
            file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o770))?;
        }
        file.sync_all()
    }
}

impl std::fmt::Debug for AuthFile {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthFile({:?}, …)", self.place)
    }
}

impl Entry {
    fn credential(
        &self,
        key: &RegistryKey,
        place: &str,
    ) -> Result<Option<Credential>, CredentialError> {
        let text = |field: &Option<String>| field.clone().filter(|value| !value.is_empty());
        if let Some(token) = text(&self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(token)));
        }
        if let Some(token) = text(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(token)));
        }
        let pair = match text(&self.auth) {
            Some(auth) => {
                let decoded = BASE64.decode(auth.trim()).ok();
                let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
                let pair = decoded.as_deref().and_then(|pair| pair.split_once(':'));
                let invalid = || CredentialError::Invalid {
                    place: place.to_owned(),
                    reason: format!("`auth` of `{key}` is not `name:password` in base64"),
                };
                let (name, password) = pair.ok_or_else(invalid)?;
                // Old versions of docker filled it up.
                Some((name.to_owned(), password.trim_matches('\0').to_owned()))
            }
            None => text(&self.username).zip(text(&self.password)),
        };
        Ok(pair.and_then(|(username, password)| of_pair(username, password)))
    }
}

/// What a name and a secret are together, as helpers and files have them; `None` if both are empty.
pub(super) fn of_pair(username: String, password: String) -> Option<Credential> {
    match username.as_str() {
        "<token>" => Some(Credential::IdentityToken(password)),
        "" if password.is_empty() => None,
        _ => Some(Credential::Password { username, password }),
    }
}

/// What is wrong with a text, without the text: the parser's own words may show a value.
pub(crate) fn without_content(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        serde_json::error::Category::Data => "a value is of the wrong kind",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "it is no JSON",
    };
    format!("{what} (line {line}, column {column})")
}

#[cfg(test)]
mod tests;
