//! Buckets: the part of Amazon's S3 API that keeps objects, which many servers have.

mod sign;

use std::io::{self, Read};
use std::time::SystemTime;

use oci::Digest;
use ureq::http::Uri;

pub use sign::AccessKey;

use crate::client::Client;
use crate::error::{Action, Error};
use crate::repository::Content;
use crate::retry::{Retry, check_cancel};
use crate::transport::{Answer, Body, Outflow, Request, Trust};
use sign::Signing;

/// Where a bucket is, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketAddress {
    /// The URL of a server that is not Amazon's: `https://host[:port]`.
    pub endpoint: Option<String>,
    /// The bucket's name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// How the bucket is named in URLs.
    pub style: BucketStyle,
    /// Who asks; `None` for a bucket that is open to all.
    pub key: Option<AccessKey>,
}

/// How a bucket is named in URLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BucketStyle {
    /// In the host's name.
    #[default]
    Host,
    /// At the beginning of the path.
    Path,
}

/// A bucket of objects.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    address: BucketAddress,
}

impl Bucket {
    /// The objects of this bucket. Nothing is asked yet.
    #[must_use]
    pub fn new(client: Client, address: BucketAddress) -> Self {
        Self { client, address }
    }

    /// The length of an object; `None` if there is none.
    ///
    /// # Errors
    /// When the server does not say.
    pub fn length(&self, object: &str) -> Result<Option<u64>, Error> {
        let action = self.action("look for", object);
        let answer = self.ask(&action, object, &Request::new("HEAD"), &empty())?;
        Ok(answer.and_then(|answer| answer.content_length()))
    }

    /// Opens an object; `None` if there is none. Nothing is known of what comes.
    ///
    /// # Errors
    /// When the server does not give it.
    pub fn get(&self, object: &str) -> Result<Option<Box<dyn Read + Send>>, Error> {
        let action = self.action("get", object);
        let request = Request::get().header("accept-encoding", "identity");
        let answer = self.ask(&action, object, &request, &empty())?;
        Ok(answer.map(|answer| Box::new(answer.into_reader()) as Box<dyn Read + Send>))
    }

    /// Stores an object of this length and SHA-256 digest, which the server checks.
    ///
    /// # Errors
    /// When the server does not take it, or the content cannot be read.
    pub fn put(
        &self,
        object: &str,
        (digest, length): (&Digest, u64),
        content: Content<'_>,
    ) -> Result<(), Error> {
        let action = self.action("put", object);
        let upload = Upload { content, length };
        let request = Request::new("PUT").content(Body::Stream(&upload));
        match self.ask(&action, object, &request, digest)? {
            Some(_) => Ok(()),
            None => Err(Error::NotFound {
                operation: action.operation,
                object: action.object.clone(),
                host: self.address.bucket.clone(),
            }),
        }
    }

    fn action(&self, operation: &'static str, object: &str) -> Action {
        Action::new(operation, format!("s3://{}/{object}", self.address.bucket))
    }

    /// Sends a request until it succeeds or there is no more sense in it; `None` where there is no such object.
    fn ask(
        &self,
        action: &Action,
        object: &str,
        request: &Request<'_>,
        digest: &Digest,
    ) -> Result<Option<Answer>, Error> {
        let uri = self.uri(action, object)?;
        let config = self.client.config();
        let mut retry = Retry::new(config, config.retries.attempts);
        loop {
            check_cancel(config, action)?;
            let signed = self.signed(request, &uri, digest);
            let transport = &self.client.shared.transport;
            let asked = transport.follow(action, uri.clone(), Trust::Authorities, &signed);
            let error = match asked {
                Ok(answer) if matches!(answer.status(), 200..=299) => return Ok(Some(answer)),
                Ok(answer) if answer.status() == 404 => return Ok(None),
                Ok(answer) => answer.into_error(action, uri.host().unwrap_or_default()),
                Err(error) => error,
            };
            retry.wait(action, error)?;
        }
    }

    /// A request with who asks, and a signature that holds for some minutes.
    fn signed<'r>(&self, request: &Request<'r>, uri: &Uri, digest: &Digest) -> Request<'r> {
        let Some(key) = &self.address.key else {
            return request.clone();
        };
        let signing = Signing {
            key,
            region: &self.address.region,
            time: SystemTime::now(),
        };
        let date = signing.date();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut headers = vec![
            ("host", host),
            ("x-amz-content-sha256", digest.hex()),
            ("x-amz-date", date.as_str()),
        ];
        let token = key.session_token.as_deref();
        headers.extend(token.map(|token| ("x-amz-security-token", token)));
        let authorization = signing.authorization(request.method, uri.path(), &headers);
        let signed = headers[1..]
            .iter()
            .fold(request.clone(), |request, (name, value)| {
                request.header(name, *value)
            });
        signed.authorization(Some(authorization))
    }

    fn uri(&self, action: &Action, object: &str) -> Result<Uri, Error> {
        let BucketAddress { bucket, region, .. } = &self.address;
        let amazon = || format!("https://s3.{region}.amazonaws.com");
        let endpoint = self.address.endpoint.clone().unwrap_or_else(amazon);
        let (scheme, host) = match endpoint.split_once("://") {
            Some((scheme @ ("http" | "https"), host)) => (scheme, host.trim_end_matches('/')),
            _ => return Err(action.silence(&endpoint, "its endpoint is no http or https URL")),
        };
        let path = sign::encoded(object);
        let uri = match self.address.style {
            BucketStyle::Path => format!("{scheme}://{host}/{}/{path}", sign::encoded(bucket)),
            BucketStyle::Host => format!("{scheme}://{bucket}.{host}/{path}"),
        };
        let invalid = |error: ureq::http::uri::InvalidUri| action.network(host, &error);
        uri.parse().map_err(invalid)
    }
}

/// The digest of nothing.
fn empty() -> Digest {
    Digest::sha256(b"")
}

/// An object on its way.
struct Upload<'u> {
    content: Content<'u>,
    length: u64,
}

impl Outflow for Upload<'_> {
    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn start(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok((self.content)()?)
    }
}
