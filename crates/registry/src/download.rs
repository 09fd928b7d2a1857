//! Files of the web, fetched with what registries are fetched with: proxies, certificates, patience.

use std::fmt;
use std::io::{self, Read};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Uri;

use crate::client::Client;
use crate::error::{Action, Error};
use crate::http_date;
use crate::retry::{Retry, check_cancel};
use crate::transport::{Answer, Request, Trust};

/// What is to be downloaded.
#[derive(Clone, Debug, Default)]
pub struct DownloadRequest {
    /// Where: `http://` or `https://`; a name and a password in it are for that host.
    pub url: String,
    /// The value of an `Authorization` header, in place of the URL's.
    pub authorization: Option<String>,
    /// The version that is known already: if it still holds, nothing is sent again.
    pub known: Option<Version>,
}

impl DownloadRequest {
    /// The path that the URL names, without percent-encoding; `None` if it is no URL.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let (uri, _) = parse(&self.url)?;
        Some(percent_decoded(uri.path()))
    }
}

/// What a server says to tell versions of a file from one another (RFC 9110, "Validator Fields").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Version {
    /// Whether it says anything.
    pub fn is_known(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some()
    }

    /// When the file was last changed, in whole seconds.
    pub fn modified(&self) -> Option<SystemTime> {
        http_date::parse(self.last_modified.as_deref()?)
    }

    fn of(answer: &Answer) -> Self {
        Self {
            etag: answer.header("etag").map(str::to_owned),
            last_modified: answer.header("last-modified").map(str::to_owned),
        }
    }

    /// RFC 9110, "Weak comparison": whether the file itself is the same, whatever it is packed in.
    fn has_tag_of(&self, other: &Self) -> bool {
        let strong = |version: &Self| {
            let tag = version.etag.as_deref()?;
            Some(tag.strip_prefix("W/").unwrap_or(tag).to_owned())
        };
        strong(self).is_some_and(|tag| Some(tag) == strong(other))
    }
}

/// What came of asking.
#[derive(Debug)]
pub enum Downloaded {
    /// The known version still holds.
    Unchanged,
    /// The file, to be read.
    Content(Box<Download>),
}

/// The content of a file, as it comes from the network; where the connection breaks it is taken up again, if the
/// server tells that it is the same file still.
///
/// Errors are [`io::Error`]s around an [`Error`].
pub struct Download {
    client: Client,
    action: Action,
    uri: Uri,
    authorization: Option<String>,
    version: Version,
    total: Option<u64>,
    body: Box<dyn Read + Send>,
    done: u64,
    /// How many bytes come again, as the other side does not know ranges.
    again: u64,
    /// How often it broke since bytes came last.
    broken: u32,
}

impl Client {
    /// Asks for a file of the web. Redirects are followed, and what may work later is tried again.
    ///
    /// # Errors
    /// When the URL makes no sense, the server cannot be reached, or answers with anything but the file.
    pub fn download(&self, wanted: &DownloadRequest) -> Result<Downloaded, Error> {
        let action = Action::new("download", url_to_show(&wanted.url));
        let (uri, own) = parse(&wanted.url).ok_or_else(|| action.silence("it", "it is no URL"))?;
        let authorization = wanted.authorization.clone().or(own);
        let mut request = plain_request(authorization.clone());
        let known = wanted.known.clone().unwrap_or_default();
        if let Some(etag) = &known.etag {
            request = request.header("if-none-match", etag);
        }
        if let Some(date) = &known.last_modified {
            request = request.header("if-modified-since", date);
        }
        let answer = self.ask(&action, &uri, &request)?;
        let version = Version::of(&answer);
        if answer.status() == 304 || known.has_tag_of(&version) {
            return Ok(Downloaded::Unchanged);
        }
        Ok(Downloaded::Content(Box::new(Download {
            client: self.clone(),
            action,
            uri,
            authorization,
            version,
            total: answer.content_length(),
            body: Box::new(answer.into_reader()),
            done: 0,
            again: 0,
            broken: 0,
        })))
    }

    /// Sends a request until it succeeds or there is no more sense in it.
    fn ask(&self, action: &Action, uri: &Uri, request: &Request<'_>) -> Result<Answer, Error> {
        let config = self.config();
        let mut retry = Retry::new(config, config.retries.attempts);
        loop {
            check_cancel(config, action)?;
            let transport = &self.shared.transport;
            let asked = transport.follow(action, uri.clone(), Trust::Authorities, request);
            let error = match asked {
                Ok(answer) if matches!(answer.status(), 200 | 206 | 304) => return Ok(answer),
                Ok(answer) => answer.into_status(action),
                Err(error) => error,
            };
            retry.wait(action, error)?;
        }
    }
}

/// Asks for the file as it is.
fn plain_request(authorization: Option<String>) -> Request<'static> {
    Request::get()
        .header("accept-encoding", "identity")
        .authorization(authorization)
}

impl Download {
    /// How the server tells this version from others.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// How many bytes there are, if the server says so.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The connection broke: waits, and goes on where it was, if that makes sense.
    fn reconnect(&mut self, error: Error) -> Result<(), Error> {
        let config = self.client.config();
        if self.done > 0 && !self.version.is_known() {
            return Err(error);
        }
        Retry::new(config, config.retries.attempts)
            .after(self.broken)
            .wait(&self.action, error)?;
        self.broken += 1;
        let mut request = plain_request(self.authorization.clone());
        if self.done > 0 {
            request = request.header("range", format!("bytes={}-", self.done));
        }
        let answer = self.client.ask(&self.action, &self.uri, &request)?;
        let host = answer.host().to_owned();
        if self.done > 0 && Version::of(&answer) != self.version {
            let reason = "the file changed while it was downloaded";
            return Err(self.action.mismatch(&host, reason));
        }
        if answer.status() == 206 && !answer.starts_at(self.done) {
            let reason = "another range than was asked for";
            return Err(self.action.mismatch(&host, reason));
        }
        self.again = if answer.status() == 206 { 0 } else { self.done };
        self.body = Box::new(answer.into_reader());
        Ok(())
    }

    /// What a read that gave nothing means: the end, or a connection that broke.
    fn is_whole(&self) -> bool {
        self.again == 0 && self.total.is_none_or(|total| total == self.done)
    }
}

impl Read for Download {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            check_cancel(self.client.config(), &self.action).map_err(io::Error::other)?;
            let again = usize::try_from(self.again).unwrap_or(usize::MAX);
            let part = if again > 0 {
                again.min(buf.len())
            } else {
                buf.len()
            };
            let host = self.uri.host().unwrap_or_default();
            let error = match self.body.read(&mut buf[..part]) {
                Ok(0) if self.is_whole() => return Ok(0),
                Ok(0) => self
                    .action
                    .silence(host, "the connection broke before the end"),
                Ok(read) if again > 0 => {
                    self.again -= read as u64;
                    continue;
                }
                Ok(read) => {
                    self.done += read as u64;
                    self.broken = 0;
                    return Ok(read);
                }
                Err(error) => self.action.network(host, &error),
            };
            self.reconnect(error).map_err(io::Error::other)?;
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("action", &self.action)
            .field("version", &self.version)
            .field("total", &self.total)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// RFC 7617: the value of an `Authorization` header for `name:password`.
#[must_use]
pub fn basic_authorization(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(user))
}

/// A URL as it may be shown: without a password.
#[must_use]
pub fn url_to_show(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{}", &rest[end..]),
        None => url.to_owned(),
    }
}

/// A URL as it is sent, and the credentials that stand in it.
fn parse(url: &str) -> Option<(Uri, Option<String>)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return None;
    }
    // The fragment is not sent.
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (user, host) = match rest[..end].rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, &rest[..end]),
    };
    let uri: Uri = format!("{scheme}://{host}{}", encoded(&rest[end..]))
        .parse()
        .ok()?;
    uri.host().filter(|host| !host.is_empty())?;
    let credentials = user.map(|user| {
        let user = if user.contains(':') {
            percent_decoded(user)
        } else {
            percent_decoded(user) + ":"
        };
        basic_authorization(&user)
    });
    Some((uri, credentials))
}

/// Path and query with everything percent-encoded that may not stand there.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Text without percent-encoding (RFC 3986, "Percent-Encoding"); what is wrongly encoded stays.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let of = |url: &str| parse(url).map(|(uri, auth)| (uri.to_string(), auth));
        assert_eq!(
            of("http://h:1/a b?q=ä#frag").unwrap().0,
            "http://h:1/a%20b?q=%C3%A4"
        );
        assert_eq!(of("HTTPS://h").unwrap().0, "https://h/");
        let (uri, auth) = of("https://me:s%40cret@h/x").unwrap();
        assert_eq!(uri, "https://h/x");
        assert_eq!(
            auth.unwrap(),
            format!("Basic {}", STANDARD.encode("me:s@cret"))
        );
        assert_eq!(url_to_show("https://me:s@h/x@y"), "https://…@h/x@y");
        for bad in ["ftp://h/", "http://", "http:///x", "h/x", "http://a b/"] {
            assert!(of(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn percent_encoding() {
        for (text, plain) in [
            ("a%20b", "a b"),
            ("%+1%2", "%+1%2"),
            ("%zz%", "%zz%"),
            ("%e4", "\u{fffd}"),
        ] {
            assert_eq!(percent_decoded(text), plain);
        }
    }

    #[test]
    fn tags() {
        let tag = |tag: &str| Version {
            etag: Some(tag.to_owned()),
            last_modified: None,
        };
        assert!(tag("W/\"1\"").has_tag_of(&tag("\"1\"")));
        assert!(!tag("\"2\"").has_tag_of(&tag("\"1\"")));
        assert!(!Version::default().has_tag_of(&Version::default()));
    }
}
