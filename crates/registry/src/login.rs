//! Whether a registry accepts credentials: what `docker login` finds out before it keeps them.

use crate::auth::Asked;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use crate::hosts;
use crate::retry::{Retry, check_cancel};
use crate::transport::{Answer, Place, Request};

/// What a registry makes of credentials that it accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// What is to be kept in place of the password, if the registry wants that.
    pub identity_token: Option<String>,
}

impl std::fmt::Debug for Login {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = self.identity_token.as_ref().map(|_| "…");
        f.debug_struct("Login")
            .field("identity_token", &token)
            .finish()
    }
}

impl Client {
    /// Shows the configured credentials to a registry, which is named as references name it. A registry that asks for
    /// none accepts all.
    ///
    /// # Errors
    /// When it does not accept them, cannot be reached, is no registry, or the configuration forbids it.
    pub fn login(&self, registry: &str) -> Result<Login, Error> {
        let config = self.config();
        if config.registries.is_blocked(registry) {
            return Err(Error::Blocked {
                reference: registry.to_owned(),
            });
        }
        let insecure = config.registries.is_insecure(registry);
        let endpoint = Endpoint::registry(registry).with_insecure(insecure);
        // Of what `hosts.toml` says, the registry itself counts.
        let known = hosts::expand(vec![endpoint.clone()], &config.certificates.of_hosts)?;
        let itself = known.into_iter().find(|known| !known.is_mirror());
        let endpoint = itself.unwrap_or(endpoint);
        let action = Action::new("log in to", registry);
        let mut retry = Retry::new(config, config.retries.attempts);
        loop {
            check_cancel(config, &action)?;
            match self.show_credentials(&action, &endpoint) {
                Ok(login) => return Ok(login),
                Err(error) => retry.wait(&action, refusal(error))?,
            }
        }
    }

    fn show_credentials(&self, action: &Action, endpoint: &Endpoint) -> Result<Login, Error> {
        let shared = &self.shared;
        let asked = Asked {
            action,
            endpoint,
            scope: "",
        };
        let ask = |authorization| {
            let request = Request::get().authorization(authorization);
            let top = endpoint.top();
            let place = Place::Path(&top);
            shared.transport.send(action, endpoint, place, &request)
        };
        let accepted = |answer: Answer| match answer.status() {
            200 => Ok(Login {
                identity_token: shared.authenticator.identity_token(asked),
            }),
            404 => Err(action.authentication(endpoint.host(), "it is no registry")),
            _ => Err(answer.into_error(action, endpoint.host())),
        };
        let answer = ask(None)?;
        if answer.status() != 401 || answer.is_redirected() {
            return accepted(answer);
        }
        let (transport, config) = (&shared.transport, &shared.config);
        let obtained = shared
            .authenticator
            .obtain(asked, &answer, transport, config)?;
        match obtained {
            Some(authorization) => accepted(ask(Some(authorization))?),
            None => accepted(answer),
        }
    }
}

/// What a denial means here: no image can be missing.
fn refusal(error: Error) -> Error {
    match error {
        Error::Unauthorized { host, message, .. } => Error::LoginRefused {
            host,
            reason: message,
        },
        Error::Authentication { host, reason, .. } => Error::LoginRefused { host, reason },
        other => other,
    }
}
