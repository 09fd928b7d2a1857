//! distribution: "Token Authentication Specification" and "OAuth2".

use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::http::{HeaderValue, Uri};

use super::challenge::Challenge;
use super::{Asked, Obtained, basic};
use crate::credentials::Credential;
use crate::error::Error;
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
    expires_in: Option<u64>,
}

/// Gets a token from where `challenge` says.
pub(super) fn fetch(
    asked: Asked<'_>,
    challenge: &Challenge,
    credential: Option<&Credential>,
    transport: &Transport,
) -> Result<Obtained, Error> {
    let realm = realm(asked, challenge)?;
    let service = challenge.parameter("service");
    let scopes = scopes(challenge.parameter("scope"), asked.scope);
    let mut fields: Vec<(&str, &str)> = service
        .map(|service| ("service", service))
        .into_iter()
        .collect();
    let (uri, request) = match credential {
        Some(Credential::IdentityToken(token)) => {
            let scope = scopes.join(" ");
            fields.extend([
                ("scope", scope.as_str()),
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
            let request = Request::get().authorization(Some(basic(username, password)));
            (with_query(&realm, &form(&fields)), request)
        }
        None => {
            fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
            (with_query(&realm, &form(&fields)), Request::get())
        }
    };
    let uri = uri
        .parse()
        .map_err(|_| asked.failed("its token server's address is no URL"))?;
    let trust = if asked.endpoint.is_insecure() {
        Trust::Anyone
    } else {
        Trust::Authorities
    };
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

/// Where the token server is. It gets credentials, so plain HTTP is only for those who asked for it.
fn realm(asked: Asked<'_>, challenge: &Challenge) -> Result<Uri, Error> {
    let realm = challenge
        .parameter("realm")
        .ok_or_else(|| asked.failed("it names no token server"))?;
    let uri: Uri = realm
        .parse()
        .map_err(|_| asked.failed("its token server's address is no URL"))?;
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if asked.endpoint.is_insecure() => Ok(uri),
        Some("http") => Err(asked.failed("its token server is without TLS")),
        _ => Err(asked.failed("its token server's address is no HTTP URL")),
    }
}

fn read(asked: Asked<'_>, bytes: &[u8]) -> Result<Obtained, Error> {
    let token: Token = serde_json::from_slice(bytes)
        .map_err(|error| asked.failed(format!("the token server's answer is no token: {error}")))?;
    let text = if token.token.is_empty() {
        token.access_token
    } else {
        token.token
    };
    let value = format!("Bearer {text}");
    if text.is_empty() || HeaderValue::from_str(&value).is_err() {
        return Err(asked.failed("the token server's answer has no usable token"));
    }
    let life = token.expires_in.unwrap_or(DEFAULT_LIFE).max(DEFAULT_LIFE) - MARGIN;
    Ok(Obtained {
        value,
        until: Instant::now().checked_add(Duration::from_secs(life)),
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
