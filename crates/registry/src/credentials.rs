//! Who the user is at registries: docker's `config.json`, containers-auth.json(5), credential helpers.

mod auth_file;
mod error;
mod helper;
mod key;
mod keyring;

use std::error::Error as StdError;
use std::fmt;

pub use auth_file::AuthFile;
pub(crate) use auth_file::without_content;
pub use error::CredentialError;
pub use helper::Helpers;
pub use key::RegistryKey;
pub use keyring::{Kept, Keyring, SecretText, Source};

/// Who knows the user's credentials: a configuration file, a helper program, a prompt.
pub trait Credentials: Send + Sync {
    /// The credentials for a repository (`library/alpine`) of a registry, which is named by the host and
    /// port that references name: Docker Hub is `docker.io`. The repository is empty where it is about the
    /// registry as a whole. `None` is to go without.
    ///
    /// # Errors
    /// When there may be some, but they cannot be had.
    fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>>;

    /// Further headers that registries get, and nobody else: [`AuthFile::registry_headers`].
    fn headers(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// What shows a registry who the user is.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password, or an access token for one.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// What `docker login` calls an identity token: exchanged for access tokens.
    IdentityToken(String),
    /// What docker's `config.json` calls a registry token: an access token already.
    RegistryToken(String),
}

impl fmt::Debug for Credential {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password({username:?}, …)"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(…)"),
            Self::RegistryToken(_) => f.write_str("RegistryToken(…)"),
        }
    }
}

/// No credentials for anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Credentials for Anonymous {
    fn find(
        &self,
        _: &str,
        _: &str,
    ) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>> {
        Ok(None)
    }
}

/// Credentials that the user gives for one registry, to be tried by [`Client::login`](crate::Client::login).
#[derive(Clone, Debug)]
pub struct Given {
    /// The registry, as references name it.
    pub registry: String,
    /// What is given for it.
    pub credential: Credential,
}

impl Credentials for Given {
    fn find(
        &self,
        registry: &str,
        _: &str,
    ) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>> {
        Ok((registry == self.registry).then(|| self.credential.clone()))
    }
}
