use ureq::http::Uri;

use super::{Answer, redirect};
use crate::endpoint::Endpoint;

/// Where at an endpoint a request goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// A path of its API.
    Path(&'a str),
    /// Where the endpoint itself said that an upload goes on.
    Upload(&'a Location),
}

impl Place<'_> {
    /// Whether it is the endpoint that gets it, so that credentials for the endpoint may go along.
    pub(crate) fn is_own(self) -> bool {
        match self {
            Self::Path(_) => true,
            Self::Upload(location) => location.own,
        }
    }
}

/// distribution-spec, "Pushing blobs": where an upload goes on. What follows `?` is the registry's, and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(super) uri: Uri,
    own: bool,
}

impl Location {
    /// Where an answer says that the upload goes on: an absolute URL or one relative to what was asked.
    pub(crate) fn of(answer: &Answer, endpoint: &Endpoint) -> Result<Self, &'static str> {
        let base = answer.uri();
        let location = answer.header("location").ok_or("it names no location")?;
        let mut uri = redirect::join(base, location)?;
        // So answer registries that do not know that a proxy before them speaks TLS.
        let plain = uri.scheme_str() == Some("http") && base.scheme_str() == Some("https");
        if plain && uri.host() == base.host() {
            let text = uri.path_and_query().map_or("/", |path| path.as_str());
            uri = redirect::join(base, text)?;
        } else if plain && !endpoint.is_insecure() {
            return Err("its location is without TLS");
        }
        let own = !answer.is_redirected() && redirect::origin(&uri) == redirect::origin(base);
        Ok(Self { uri, own })
    }

    /// The same with a field more in the query, as the end of an upload needs it.
    pub(crate) fn with(&self, name: &str, value: &str) -> Result<Self, &'static str> {
        let text = self.uri.to_string();
        let separator = if self.uri.query().is_some() { '&' } else { '?' };
        let uri = format!("{text}{separator}{name}={value}");
        let uri = uri.parse().map_err(|_| "its location is too long")?;
        Ok(Self { uri, own: self.own })
    }
}
