//! How a registry finds out who asks: RFC 7235, and Docker's token authentication.

mod challenge;
mod token;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::Config;
use crate::credentials::Credential;
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use crate::transport::{Answer, Transport};
use challenge::Challenge;

/// The values of `Authorization` that were obtained, each for one host and scope.
#[derive(Debug, Default)]
pub(crate) struct Authenticator {
    obtained: Mutex<HashMap<(String, String), Obtained>>,
}

#[derive(Clone)]
struct Obtained {
    value: String,
    until: Option<Instant>,
    /// What may be shown in place of a password from now on.
    identity_token: Option<String>,
}

impl Obtained {
    fn lasting(value: String) -> Self {
        Self {
            value,
            until: None,
            identity_token: None,
        }
    }
}

impl std::fmt::Debug for Obtained {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Obtained")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Whom a challenge came from, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) action: &'a Action,
    pub(crate) endpoint: &'a Endpoint,
    /// What the token must allow: `repository:NAME:pull`; empty is to log in, which is for no repository.
    pub(crate) scope: &'a str,
}

impl Asked<'_> {
    fn key(&self) -> (String, String) {
        (self.endpoint.host().to_owned(), self.scope.to_owned())
    }

    fn failed(&self, reason: impl Into<String>) -> Error {
        self.action.authentication(self.endpoint.host(), reason)
    }
}

impl Authenticator {
    /// What has worked before.
    pub(crate) fn known(&self, asked: Asked<'_>) -> Option<String> {
        let obtained = self.lock().get(&asked.key())?.clone();
        let fresh = obtained.until.is_none_or(|until| Instant::now() < until);
        fresh.then_some(obtained.value)
    }

    /// Obtains what `answer`, a 401, asks for; `None` if there is nothing to show.
    pub(crate) fn obtain(
        &self,
        asked: Asked<'_>,
        answer: &Answer,
        transport: &Transport,
        config: &Config,
    ) -> Result<Option<String>, Error> {
        let challenges: Vec<Challenge> = answer
            .headers("www-authenticate")
            .flat_map(Challenge::parse_all)
            .collect();
        let find = |scheme: &str| {
            challenges
                .iter()
                .find(|challenge| challenge.scheme == scheme)
        };
        let host = asked.endpoint.host();
        let credential = || {
            let failed = |source| Error::Credentials {
                host: host.to_owned(),
                source,
            };
            let repository = asked.endpoint.repository();
            config.credentials.find(host, repository).map_err(failed)
        };
        let obtained = if let Some(challenge) = find("bearer") {
            let credential = credential()?;
            match credential {
                Some(Credential::RegistryToken(token)) => {
                    Obtained::lasting(token::bearer(asked, &token)?)
                }
                other => token::fetch(asked, challenge, other.as_ref(), (transport, config))?,
            }
        } else if find("basic").is_some() {
            let Some(Credential::Password { username, password }) = credential()? else {
                return Ok(None);
            };
            Obtained::lasting(basic(&username, &password))
        } else {
            return Ok(None);
        };
        let value = obtained.value.clone();
        self.lock().insert(asked.key(), obtained);
        Ok(Some(value))
    }

    /// The identity token that came with what has worked, if one was asked for.
    pub(crate) fn identity_token(&self, asked: Asked<'_>) -> Option<String> {
        self.lock().get(&asked.key())?.identity_token.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Obtained>> {
        self.obtained.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// RFC 7617.
fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}
