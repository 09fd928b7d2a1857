//! HTTP as registries need it: one try of one request, through redirects, over the scheme that works.

mod agents;
mod answer;
mod body;
mod certs_d;
mod location;
mod obstacle;
mod redirect;
mod tcp;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::http::Uri;

use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use agents::Agents;
pub(crate) use agents::Trust;
pub(crate) use answer::Answer;
pub(crate) use body::{Body, Outflow};
pub(crate) use location::{Location, Place};

const MAX_REDIRECTS: usize = 10;

/// A request, apart from where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Kept apart from the other headers, as it is for one host only.
    pub(crate) authorization: Option<String>,
    pub(crate) body: Body<'a>,
    /// What `hosts.toml` adds, which is for one host only, too.
    more: Vec<(String, String)>,
    /// Whether a registry gets it, and the headers that are for registries with it.
    to_registry: bool,
    /// Whether the answer takes as long as the other side needs to take in all that it got.
    pub(crate) patient: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn get() -> Self {
        Self::new("GET")
    }

    pub(crate) fn new(method: &'static str) -> Self {
        Self {
            method,
            headers: Vec::new(),
            authorization: None,
            body: Body::Bytes(Vec::new()),
            more: Vec::new(),
            to_registry: false,
            patient: false,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends something along; its answer may take longer than others.
    pub(crate) fn content(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self.patient = true;
        self
    }

    pub(crate) fn authorization(mut self, value: Option<String>) -> Self {
        self.authorization = value;
        self
    }

    /// Takes away what is for its addressee only: credentials, a bucket's session token among them.
    fn forget_who_asks(&mut self) {
        self.authorization = None;
        self.to_registry = false;
        self.more.clear();
        self.headers.retain(|(name, _)| !name.starts_with("x-amz-"));
    }

    /// Whether it is sent again to where an answer with this status redirects it. What is in the body of a `POST` is
    /// for its addressee; and only the newer statuses keep the method (RFC 9110, "Redirection 3xx").
    fn may_go(&self, status: u16) -> bool {
        match self.method {
            "GET" | "HEAD" => true,
            "POST" => self.body.is_empty() && matches!(status, 307 | 308),
            _ => matches!(status, 307 | 308),
        }
    }
}

/// Sends requests. Connections are kept for the next ones.
#[derive(Debug)]
pub(crate) struct Transport {
    agents: Agents,
    /// What has worked at hosts that may go without TLS.
    access: Mutex<HashMap<String, Access>>,
}

/// How to talk to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Https,
    /// Whatever certificate it shows.
    AnyHttps,
    Http,
}

impl Access {
    /// What to try, in this order.
    fn of(endpoint: &Endpoint) -> &'static [Self] {
        if let Some(settings) = endpoint.settings() {
            return match (settings.plain, settings.skip_verify) {
                (true, _) => &[Self::Http],
                (false, true) => &[Self::AnyHttps],
                (false, false) => &[Self::Https],
            };
        }
        match (endpoint.is_loopback(), endpoint.is_insecure()) {
            // Some servers for plain HTTP wait for ever for the rest of a TLS greeting.
            (true, _) => &[Self::Http, Self::AnyHttps],
            (false, true) => &[Self::AnyHttps, Self::Http],
            (false, false) => &[Self::Https],
        }
    }

    fn scheme(self) -> &'static str {
        if self == Self::Http { "http" } else { "https" }
    }

    fn trust(self) -> Trust {
        if self == Self::Https {
            Trust::Authorities
        } else {
            Trust::Anyone
        }
    }
}

impl Transport {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            agents: Agents::new(config),
            access: Mutex::default(),
        }
    }

    /// Sends a request to an endpoint's API; whatever status comes back is an answer.
    pub(crate) fn send(
        &self,
        action: &Action,
        endpoint: &Endpoint,
        place: Place<'_>,
        request: &Request<'_>,
    ) -> Result<Answer, Error> {
        let settings = endpoint.settings();
        let request = &Request {
            to_registry: true,
            more: settings.map_or_else(Vec::new, |settings| settings.headers.clone()),
            ..request.clone()
        };
        if let Some(settings) = settings {
            self.agents.configure(settings)?;
        }
        let path = match place {
            Place::Path(path) => path,
            Place::Upload(location) => {
                let trust = match endpoint.is_insecure() {
                    true => Trust::Anyone,
                    false => Trust::Authorities,
                };
                return self.follow(action, location.uri.clone(), trust, request);
            }
        };
        let host = endpoint.api_host();
        // What one endpoint may do without, another of the same host may insist on.
        let known = self
            .known_access()
            .get(host)
            .copied()
            .filter(|_| endpoint.is_insecure() && settings.is_none());
        let tries = known
            .as_ref()
            .map_or_else(|| Access::of(endpoint), std::slice::from_ref);
        let mut first_error = None;
        let mut bad_request = None;
        for (index, access) in tries.iter().enumerate() {
            let uri = format!("{}://{host}{path}", access.scheme());
            let uri = uri.parse().map_err(|error: ureq::http::uri::InvalidUri| {
                action.network(endpoint.host(), &error)
            })?;
            let last = index + 1 == tries.len();
            match self.follow(action, uri, access.trust(), request) {
                // So servers answer plain HTTP where they want TLS.
                Ok(answer) if *access == Access::Http && answer.status() == 400 && !last => {
                    bad_request = Some(answer);
                }
                Ok(answer) => {
                    if endpoint.is_insecure() && settings.is_none() {
                        self.known_access().insert(host.to_owned(), *access);
                    }
                    return Ok(answer);
                }
                Err(
                    error @ (Error::Network { .. } | Error::Refused { .. } | Error::Tls { .. }),
                ) => {
                    first_error.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match (bad_request, first_error) {
            // It only said that it wants TLS; what is wrong with that is what counts.
            (Some(answer), Some(Error::Network { .. } | Error::Refused { .. }) | None) => {
                Ok(answer)
            }
            (_, Some(error)) => Err(error),
            (None, None) => Err(action.silence(endpoint.host(), "no scheme works")),
        }
    }

    /// Sends a request to `uri`, and on to where it is redirected to.
    pub(crate) fn follow(
        &self,
        action: &Action,
        uri: Uri,
        trust: Trust,
        request: &Request<'_>,
    ) -> Result<Answer, Error> {
        let origin = redirect::origin(&uri);
        let mut uri = uri;
        let mut request = request.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.agents.send(action, &uri, trust, &request)?;
            let redirected = redirect::origin(&uri) != origin;
            let answer = Answer::new(response, &uri, redirected);
            let Some(location) = answer
                .redirection()
                .filter(|_| request.may_go(answer.status()))
            else {
                return Ok(answer);
            };
            let failed = |reason| Error::Redirect {
                operation: action.operation,
                object: action.object.clone(),
                host: answer.host().to_owned(),
                reason,
            };
            let next = redirect::join(&uri, location).map_err(failed)?;
            // Where TLS is wanted nobody may take it away.
            let is_https = |uri: &Uri| uri.scheme_str() == Some("https");
            if trust == Trust::Authorities && is_https(&uri) && !is_https(&next) {
                return Err(failed("from https to http"));
            }
            uri = next;
            // Whoever is redirected to is not whom the credentials are for (CVE-2020-15157); and once
            // away from there, a way back would be under the control of somebody else.
            if redirect::origin(&uri) != origin {
                request.forget_who_asks();
            }
        }
        Err(Error::Redirect {
            operation: action.operation,
            object: action.object.clone(),
            host: uri.host().unwrap_or_default().to_owned(),
            reason: "again and again",
        })
    }

    fn known_access(&self) -> MutexGuard<'_, HashMap<String, Access>> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
