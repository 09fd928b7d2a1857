use std::error::Error as StdError;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{AuthFile, Credential, CredentialError, Credentials, Helpers, RegistryKey};
use crate::config::{Event, Observer};

/// A place where credentials may be.
#[derive(Clone, Debug)]
pub enum Source {
    /// Docker's `config.json`, which knows whole registries.
    DockerFile(PathBuf),
    /// A file of containers-auth.json(5).
    AuthFile(PathBuf),
    /// The text of such a file in a variable of the environment; nothing is ever kept there.
    Variable {
        /// Its name.
        name: &'static str,
        /// Its value.
        text: SecretText,
    },
    /// A helper that `credential-helpers` of registries.conf names.
    Helper(String),
}

/// A text that is not shown.
#[derive(Clone)]
pub struct SecretText(pub String);

impl std::fmt::Debug for SecretText {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Where credentials were put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In this file, where whoever may read it can.
    InFile(PathBuf),
    /// By this program.
    ByHelper(String),
}

/// All the places where the user's credentials are, in the order in which they are asked; the first that has some
/// counts. Files are read when they are needed, once. What is wrong with one is told, and the others are asked.
#[derive(Debug)]
pub struct Keyring {
    sources: Vec<(Source, OnceLock<Option<AuthFile>>)>,
    helpers: Helpers,
    observer: Observer,
}

impl Keyring {
    /// A keyring of these places. New credentials go to the first that can keep any.
    pub fn new(sources: Vec<Source>, helpers: Helpers, observer: Observer) -> Self {
        let sources = sources.into_iter().map(|source| (source, OnceLock::new()));
        Self {
            sources: sources.collect(),
            helpers,
            observer,
        }
    }

    /// What a place has for a repository.
    fn find_in(
        &self,
        source: &Source,
        file: Option<&AuthFile>,
        (registry, repository): (&str, &str),
    ) -> Result<Option<Credential>, CredentialError> {
        if let Source::Helper(name) = source {
            return self.helpers.named(name, REGISTRIES_CONF).get(registry);
        }
        let Some(file) = file else { return Ok(None) };
        let own = file.find(registry, repository)?;
        // What is for a part of a registry is more precise than what a helper knows.
        if let Some((_, credential)) = own.as_ref().filter(|(key, _)| key.is_partial()) {
            return Ok(Some(credential.clone()));
        }
        let key = RegistryKey::new(registry);
        let kept = match file.helper(&key) {
            Some(name) => self.helpers.named(name, file.place()).get(key.address())?,
            None => None,
        };
        Ok(kept.or(own.map(|(_, credential)| credential)))
    }

    /// Puts credentials for a registry, or for a part of one, where the next search finds them first. `username` is
    /// whom they are for, which an identity token does not say.
    ///
    /// # Errors
    /// When they cannot be kept there.
    pub fn store(
        &self,
        key: &RegistryKey,
        username: &str,
        credential: &Credential,
    ) -> Result<Kept, CredentialError> {
        let source = self.target()?;
        let (Source::DockerFile(path) | Source::AuthFile(path)) = source else {
            let Source::Helper(name) = source else {
                return Err(CredentialError::NoPlace);
            };
            let helper = self.helpers.named(name, REGISTRIES_CONF);
            whole(key, helper.program())?;
            helper.store(key.host(), credential)?;
            return Ok(Kept::ByHelper(helper.program().to_owned()));
        };
        if matches!(source, Source::DockerFile(_)) {
            whole(key, &path.display().to_string())?;
        }
        change(path, |file| {
            let Some(name) = file.helper(key).map(str::to_owned) else {
                file.set(key, Some((username, credential)));
                return Ok(Kept::InFile(path.clone()));
            };
            let place = file.place().to_owned();
            let helper = self.helpers.named(&name, &place);
            whole(key, helper.program())?;
            helper.store(key.address(), credential)?;
            file.set(key, None);
            Ok(Kept::ByHelper(helper.program().to_owned()))
        })
    }

    /// Forgets the credentials for a registry where [`store`](Self::store) would put them. False if there are none.
    ///
    /// # Errors
    /// When that fails.
    pub fn erase(&self, key: &RegistryKey) -> Result<bool, CredentialError> {
        match self.target()? {
            Source::DockerFile(path) | Source::AuthFile(path) => {
                change(path, |file| self.erase_from(file, key))
            }
            Source::Helper(name) => {
                let helper = self.helpers.named(name, REGISTRIES_CONF);
                let known = helper.get(key.host())?.is_some();
                helper.erase(key.host())?;
                Ok(known)
            }
            Source::Variable { .. } => Err(CredentialError::NoPlace),
        }
    }

    /// Forgets the credentials for all registries that the file names where [`store`](Self::store) puts them. Says which.
    ///
    /// # Errors
    /// When that fails.
    pub fn erase_all(&self) -> Result<Vec<RegistryKey>, CredentialError> {
        let (Source::DockerFile(path) | Source::AuthFile(path)) = self.target()? else {
            return Err(CredentialError::NoPlace);
        };
        change(path, |file| {
            let mut keys: Vec<_> = file
                .names()
                .iter()
                .map(|name| RegistryKey::new(name))
                .collect();
            keys.sort();
            keys.dedup();
            let mut erased = Vec::new();
            for key in keys {
                if self.erase_from(file, &key)? {
                    erased.push(key);
                }
            }
            Ok(erased)
        })
    }

    /// The credentials for a registry or a part of it.
    ///
    /// # Errors
    /// When a place cannot say.
    pub fn get(&self, key: &RegistryKey) -> Result<Option<Credential>, CredentialError> {
        let found = self.first((key.host(), key.repository()))?;
        Ok(found.map(|(_, credential)| credential))
    }

    /// The first place that has credentials for a registry, in words.
    ///
    /// # Errors
    /// When a place cannot say.
    pub fn place_of(&self, key: &RegistryKey) -> Result<Option<String>, CredentialError> {
        let found = self.first((key.host(), key.repository()))?;
        Ok(found.map(|(source, _)| match source {
            Source::DockerFile(path) | Source::AuthFile(path) => path.display().to_string(),
            Source::Variable { name, .. } => (*name).to_owned(),
            Source::Helper(name) => format!("docker-credential-{name}"),
        }))
    }

    /// The first place that has credentials for a repository, and these.
    fn first(
        &self,
        repository: (&str, &str),
    ) -> Result<Option<(&Source, Credential)>, CredentialError> {
        for (source, read) in &self.sources {
            let file = read.get_or_init(|| self.read(source)).as_ref();
            if let Some(found) = self.find_in(source, file, repository)? {
                return Ok(Some((source, found)));
            }
        }
        Ok(None)
    }

    fn erase_from(&self, file: &mut AuthFile, key: &RegistryKey) -> Result<bool, CredentialError> {
        let mut known = false;
        if let Some(name) = file.helper(key).filter(|_| !key.is_partial()) {
            let helper = self.helpers.named(name, file.place());
            known = helper.get(key.address())?.is_some();
            if known {
                helper.erase(key.address())?;
            }
        }
        Ok(file.remove(key) || known)
    }

    /// Where new credentials go.
    fn target(&self) -> Result<&Source, CredentialError> {
        let mut sources = self.sources.iter().map(|(source, _)| source);
        let target = sources.find(|source| !matches!(source, Source::Variable { .. }));
        target.ok_or(CredentialError::NoPlace)
    }

    fn read(&self, source: &Source) -> Option<AuthFile> {
        let read = match source {
            Source::DockerFile(path) | Source::AuthFile(path) => AuthFile::read(path),
            Source::Variable { name, text } => AuthFile::parse(&text.0, name),
            Source::Helper(_) => return None,
        };
        match read {
            Ok(file) => Some(file),
            Err(error) => {
                self.observer
                    .tell(Event::UnusableCredentials { error: &error });
                None
            }
        }
    }
}

impl Credentials for Keyring {
    fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>> {
        let found = self.first((registry, repository))?;
        Ok(found.map(|(_, credential)| credential))
    }

    fn headers(&self) -> Vec<(String, String)> {
        let files = self
            .sources
            .iter()
            .filter_map(|(source, read)| match source {
                Source::DockerFile(_) => read.get_or_init(|| self.read(source)).as_ref(),
                _ => None,
            });
        let pairs = files.flat_map(AuthFile::registry_headers);
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// Where the helpers of no file are named.
const REGISTRIES_CONF: &str = "registries.conf";

fn whole(key: &RegistryKey, keeper: &str) -> Result<(), CredentialError> {
    if key.is_partial() {
        return Err(CredentialError::WholeRegistriesOnly {
            keeper: keeper.to_owned(),
            key: key.to_string(),
        });
    }
    Ok(())
}

/// Reads a file, changes it and writes it, while nobody else of this program does.
fn change<T>(
    path: &Path,
    act: impl FnOnce(&mut AuthFile) -> Result<T, CredentialError>,
) -> Result<T, CredentialError> {
    // The file itself is replaced: its folder is what can be held. Where that is not possible, the last one wins.
    let whole = std::path::absolute(path).ok();
    let folder = whole.as_deref().and_then(Path::parent);
    let folder = folder.and_then(|folder| File::open(folder).ok());
    let _held = folder.filter(|folder| folder.lock().is_ok());
    let mut file = AuthFile::read(path)?;
    let before = file.content().clone();
    let done = act(&mut file)?;
    if *file.content() != before {
        file.write()?;
    }
    Ok(done)
}
