//! distribution: "Token Authentication Specification" and "OAuth2".

use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::http::{HeaderValue, Uri};

use super::challenge::Challenge;
use super::{Asked, Obtained, basic};
use crate::config::Config;
use crate::credentials::{Credential, without_content};
use crate::error::Error;
use crate::proxies::is_loopback;
use crate::transport::{Body, Request, Transport, Trust};

const MAX_SIZE: u64 = 1 << 20;
const CLIENT: &str = "carafe";

/// What a token lasts unless it says otherwise, and what is taken off for the way.
const DEFAULT_LIFE: u64 = 60;
const MARGIN: u64 = 10;

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    refresh_token: String,
    expires_in: Option<u64>,
}

/// Gets a token from where `challenge` says. Who logs in asks for an identity token with it.
pub(super) fn fetch(
    asked: Asked<'_>,
    challenge: &Challenge,
    credential: Option<&Credential>,
    (transport, config): (&Transport, &Config),
) -> Result<Obtained, Error> {
    let (realm, trust) = realm(asked, challenge, config)?;
    let service = challenge.parameter("service");
    let scopes = scopes(challenge.parameter("scope"), asked.scope);
    let mut fields: Vec<(&str, &str)> = service
        .map(|service| ("service", service))
        .into_iter()
        .collect();
    let scope = scopes.join(" ");
    let (uri, request) = match credential {
        Some(Credential::IdentityToken(token)) => {
            if !scope.is_empty() {
                fields.push(("scope", &scope));
            }
            fields.extend([
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT),
                ("refresh_token", token),
            ]);
            let mut request =
                Request::new("POST").header("content-type", "application/x-www-form-urlencoded");
            request.body = Body::Bytes(form(&fields).into_bytes());
            (realm.to_string(), request)
        }
        Some(Credential::Password { username, password }) => {
            fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
            fields.push(("account", username));
            if asked.scope.is_empty() {
                fields.extend([("client_id", CLIENT), ("offline_token", "true")]);
            }
            let request = Request::get().authorization(Some(basic(username, password)));
            (with_query(&realm, &form(&fields)), request)
        }
        Some(Credential::RegistryToken(_)) | None => {
            fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
            (with_query(&realm, &form(&fields)), Request::get())
        }
    };
    let uri = uri
        .parse()
        .map_err(|_| asked.failed("its token server's address is no URL"))?;
    let answer = transport.follow(asked.action, uri, trust, &request)?;
    match answer.status() {
        200 => read(asked, &answer.read(asked.action, MAX_SIZE)?),
        400 | 401 | 403 if credential.is_some() => Err(asked.failed("the credentials are refused")),
        _ => Err(answer.into_error(asked.action, asked.endpoint.host())),
    }
}

/// What a token is asked for: what the registry says that it takes, and what else is to be done with it.
///
/// Where things are only pulled the registry knows better: a mirror may have the repository under another name.
fn scopes<'a>(challenge: Option<&'a str>, asked: &'a str) -> Vec<&'a str> {
    let asked = match challenge {
        Some(_) if !asked.contains("push") => "",
        _ => asked,
    };
    let mut scopes: Vec<&str> = Vec::new();
    for scope in challenge
        .unwrap_or_default()
        .split(' ')
        .chain(asked.split(' '))
    {
        if scope.is_empty() || scopes.iter().any(|wide| covers(wide, scope)) {
            continue;
        }
        scopes.retain(|narrow| !covers(scope, narrow));
        scopes.push(scope);
    }
    scopes
}

/// Whether a scope (`repository:NAME:pull,push`) allows all that another does.
fn covers(wide: &str, narrow: &str) -> bool {
    let (Some((wide, actions)), Some((narrow, wanted))) =
        (wide.rsplit_once(':'), narrow.rsplit_once(':'))
    else {
        return wide == narrow;
    };
    let allowed = |wanted: &str| actions.split(',').any(|action| action == wanted);
    wide == narrow && wanted.split(',').all(allowed)
}

/// Where the token server is, and who must vouch for it. It gets credentials: without TLS, or with a certificate that
/// nobody vouches for, only those may be that this is configured for, or who are the registry itself.
fn realm(asked: Asked<'_>, challenge: &Challenge, config: &Config) -> Result<(Uri, Trust), Error> {
    let realm = challenge
        .parameter("realm")
        .ok_or_else(|| asked.failed("it names no token server"))?;
    let uri: Uri = realm
        .parse()
        .map_err(|_| asked.failed("its token server's address is no URL"))?;
    let host = uri.host().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let is_registry = asked.endpoint.name().eq_ignore_ascii_case(host);
    let may_be_insecure = is_loopback(host)
        || (is_registry && asked.endpoint.is_insecure())
        || config.registries.is_insecure(authority);
    match (uri.scheme_str(), may_be_insecure) {
        (Some("https"), false) => Ok((uri, Trust::Authorities)),
        (Some("https" | "http"), true) => Ok((uri, Trust::Anyone)),
        (Some("http"), false) => Err(asked.failed(format!(
            "its token server {authority} is without TLS; set `insecure = true` for it in \
             registries.conf if it may be"
        ))),
        _ => Err(asked.failed("its token server's address is no HTTP URL")),
    }
}

/// The header that shows a token.
pub(super) fn bearer(asked: Asked<'_>, token: &str) -> Result<String, Error> {
    let value = format!("Bearer {token}");
    if token.is_empty() || HeaderValue::from_str(&value).is_err() {
        return Err(asked.failed("the token cannot be sent in a header"));
    }
    Ok(value)
}

fn read(asked: Asked<'_>, bytes: &[u8]) -> Result<Obtained, Error> {
    let token: Token = serde_json::from_slice(bytes).map_err(|error| {
        let why = without_content(&error);
        asked.failed(format!("the token server's answer is no token: {why}"))
    })?;
    let text = if token.token.is_empty() {
        token.access_token
    } else {
        token.token
    };
    let value = bearer(asked, &text)
        .map_err(|_| asked.failed("the token server's answer has no usable token"))?;
    let life = token.expires_in.unwrap_or(DEFAULT_LIFE).max(DEFAULT_LIFE) - MARGIN;
    Ok(Obtained {
        value,
        until: Instant::now().checked_add(Duration::from_secs(life)),
        identity_token: Some(token.refresh_token)
            .filter(|token| asked.scope.is_empty() && !token.is_empty()),
    })
}

fn with_query(realm: &Uri, query: &str) -> String {
    let separator = if realm.query().is_some() { '&' } else { '?' };
    format!("{realm}{separator}{query}")
}

/// `application/x-www-form-urlencoded`
fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// RFC 3986, "Percent-Encoding"; `:`, `/` and `,` may stand in a query and are in every scope.
fn encode(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z'
        | b'A'..=b'Z'
        | b'0'..=b'9'
        | b'-'
        | b'.'
        | b'_'
        | b'~'
        | b':'
        | b'/'
        | b',' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_is_asked_for() {
        let (pull, push) = ("repository:a:pull", "repository:a:pull,push");
        let mount = "repository:a:pull,push repository:b:pull";
        for (challenge, asked, expected) in [
            (None, pull, vec![pull]),
            (Some(pull), pull, vec![pull]),
            // A mirror knows it by another name.
            (
                Some("repository:library/a:pull"),
                pull,
                vec!["repository:library/a:pull"],
            ),
            (Some(pull), push, vec![push]),
            (Some(push), push, vec![push]),
            (Some(push), mount, vec![push, "repository:b:pull"]),
            (
                Some("registry:catalog:*"),
                push,
                vec!["registry:catalog:*", push],
            ),
        ] {
            assert_eq!(scopes(challenge, asked), expected, "{challenge:?} {asked}");
        }
    }

    #[test]
    fn forms() {
        let fields = [
            ("service", "a b&c"),
            ("scope", "repository:a/b:pull,push"),
            ("x", "ü+"),
        ];
        assert_eq!(
            form(&fields),
            "service=a%20b%26c&scope=repository:a/b:pull,push&x=%C3%BC%2B"
        );
        let realm: Uri = "https://h/token?x=1".parse().unwrap();
        assert_eq!(with_query(&realm, "a=b"), "https://h/token?x=1&a=b");
        let realm: Uri = "https://h/token".parse().unwrap();
        assert_eq!(with_query(&realm, "a=b"), "https://h/token?a=b");
    }
}
