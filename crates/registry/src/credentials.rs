use std::error::Error as StdError;
use std::fmt;

/// Who knows the user's credentials: a configuration file, a helper program, a prompt.
pub trait Credentials: Send + Sync {
    /// The credentials for a registry, by the host and port that references name: Docker Hub is
    /// `docker.io`. `None` is to go without.
    ///
    /// # Errors
    /// When there may be some, but they cannot be had.
    fn find(&self, registry: &str) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>>;
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
}

impl fmt::Debug for Credential {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password({username:?}, …)"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(…)"),
        }
    }
}

/// No credentials for anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Credentials for Anonymous {
    fn find(&self, _: &str) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>> {
        Ok(None)
    }
}
