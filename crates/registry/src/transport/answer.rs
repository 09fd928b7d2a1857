use std::io::Read;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use ureq::http::{Response, Uri};
use ureq::{Body, BodyReader};

use crate::error::{Action, Error};
use crate::http_date;

/// How much of an error's text is read.
const MAX_ERROR_SIZE: u64 = 8 * 1024;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response<Body>,
    uri: Uri,
    host: String,
    redirected: bool,
}

impl Answer {
    pub(super) fn new(response: Response<Body>, uri: &Uri, redirected: bool) -> Self {
        let host = uri
            .authority()
            .map_or_else(String::new, ToString::to_string);
        Self {
            response,
            uri: uri.clone(),
            host,
            redirected,
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Who answers: host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Does somebody else answer than was asked?
    pub(crate) fn is_redirected(&self) -> bool {
        self.redirected
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.response
            .headers()
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    }

    /// How many bytes are to come, if that is known.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// RFC 9110, "Content-Range": whether what comes begins at this byte (`bytes FIRST-LAST/LENGTH`).
    pub(crate) fn starts_at(&self, offset: u64) -> bool {
        let range = self
            .header("content-range")
            .and_then(|range| range.strip_prefix("bytes "));
        range.and_then(|range| range.split('-').next()?.parse().ok()) == Some(offset)
    }

    /// Whom it was asked for in the end.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Where to go instead.
    pub(super) fn redirection(&self) -> Option<&str> {
        matches!(self.status(), 301 | 302 | 303 | 307 | 308).then(|| self.header("location"))?
    }

    pub(crate) fn into_reader(self) -> BodyReader<'static> {
        self.response.into_body().into_reader()
    }

    /// The whole content, if it is not longer than `limit`.
    pub(crate) fn read(self, action: &Action, limit: u64) -> Result<Vec<u8>, Error> {
        let host = self.host.clone();
        let mut bytes = Vec::new();
        let mut reader = self.into_reader().take(limit + 1);
        reader
            .read_to_end(&mut bytes)
            .map_err(|error| action.network(&host, &error))?;
        let size = bytes.len() as u64;
        if size > limit {
            let document = "registry's answer";
            let source = oci::Error::DocumentTooLarge {
                document,
                size,
                limit,
            };
            return Err(action.document(&host, source));
        }
        Ok(bytes)
    }

    /// What the registry means by a status that is no success. `registry` is its name in references.
    pub(crate) fn into_error(self, action: &Action, registry: &str) -> Error {
        let status = self.status();
        let retry_after = self.retry_after();
        let redirected = self.redirected;
        let host = if redirected {
            self.host.clone()
        } else {
            registry.to_owned()
        };
        let operation = action.operation;
        let object = action.object.clone();
        let message = self.message();
        match status {
            404 if !redirected => Error::NotFound {
                operation,
                object,
                host,
            },
            401 | 403 if !redirected => Error::Unauthorized {
                operation,
                object,
                host,
                message,
            },
            429 => Error::TooManyRequests {
                operation,
                object,
                host,
                retry_after,
            },
            _ => Error::Status {
                operation,
                object,
                host,
                status,
                message,
                retry_after,
            },
        }
    }

    /// A status that is no success, from a server that is no registry: its words count, whatever the status.
    pub(crate) fn into_status(self, action: &Action) -> Error {
        let (operation, object) = (action.operation, action.object.clone());
        let (host, status) = (self.host.clone(), self.status());
        let retry_after = self.retry_after();
        let reason = self.response.status().canonical_reason();
        let message = reason.unwrap_or("no reason given").to_owned();
        Error::Status {
            operation,
            object,
            host,
            status,
            message,
            retry_after,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        http_date::retry_after(self.header("retry-after")?, SystemTime::now())
    }

    /// The first error of the distribution specification's list, or a few words of whatever came.
    fn message(self) -> String {
        #[derive(Deserialize)]
        struct Errors {
            errors: Vec<Item>,
        }
        #[derive(Deserialize)]
        struct Item {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let reason = self
            .response
            .status()
            .canonical_reason()
            .unwrap_or("no reason given");
        let mut bytes = Vec::new();
        // What could be read will do.
        drop(
            self.into_reader()
                .take(MAX_ERROR_SIZE)
                .read_to_end(&mut bytes),
        );
        let listed = serde_json::from_slice::<Errors>(&bytes).ok();
        let text = match listed.and_then(|list| list.errors.into_iter().next()) {
            Some(Item { code, message }) if message.is_empty() => code,
            Some(Item { code, message }) if code.is_empty() => message,
            Some(Item { code, message }) => format!("{code}: {message}"),
            None => String::new(),
        };
        let text = if text.is_empty() { reason } else { &text };
        text.chars()
            .filter(|char| !char.is_control())
            .take(300)
            .collect()
    }
}
