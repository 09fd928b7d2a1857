//! Buckets: the part of Amazon's S3 API that keeps objects, which many servers have.

mod multipart;
mod object;
mod refusal;
mod sign;
mod slots;

use std::io::{self, Read};
use std::sync::Arc;
use std::time::SystemTime;

use oci::Digest;
use ureq::http::Uri;

pub use refusal::BucketRefusal;
pub use sign::AccessKey;

use crate::client::Client;
use crate::error::{Action, Error};
use crate::repository::Content;
use crate::retry::{Retry, check_cancel};
use crate::transport::{Answer, Body, Outflow, Request, Trust};
use object::ObjectReader;
use sign::Signing;
use slots::Slots;

/// How much of an object goes in one request, and is in memory for it: what goes wrong with it is sent again, no more. Amazon
/// wants 5 MiB at least, and takes 10,000 of them.
const PART: u64 = 8 << 20;

/// How many requests carry something at the same time: BuildKit's `upload_parallelism`.
const UPLOADS: usize = 4;

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
    uploads: Arc<Slots>,
}

impl Bucket {
    /// The objects of this bucket. Nothing is asked yet.
    #[must_use]
    pub fn new(client: Client, address: BucketAddress) -> Self {
        let uploads = Arc::new(Slots::new(UPLOADS));
        Self {
            client,
            address,
            uploads,
        }
    }

    /// The length of an object; `None` if there is none.
    ///
    /// # Errors
    /// When the server does not say.
    pub fn length(&self, object: &str) -> Result<Option<u64>, Error> {
        let action = self.action("look for", object);
        let answer = self.ask(&Asked::new(&action, object), &Request::new("HEAD"))?;
        Ok(answer.and_then(|answer| answer.content_length()))
    }

    /// Opens an object; `None` if there is none. Nothing is known of what comes. Where the connection breaks it goes on from
    /// there.
    ///
    /// # Errors
    /// When the server does not give it.
    pub fn get(&self, object: &str) -> Result<Option<Box<dyn Read + Send>>, Error> {
        let opened = ObjectReader::open(self, object)?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn Read + Send>))
    }

    /// Stores an object of this length. The server checks the digest of each part of it. Nothing is there by this name before
    /// all of it is.
    ///
    /// # Errors
    /// When the server does not take it, or the content cannot be read.
    pub fn put(&self, object: &str, length: u64, content: Content<'_>) -> Result<(), Error> {
        let action = self.action("put", object);
        let unreadable = |source| Error::Content {
            object: action.object.clone(),
            source,
        };
        let mut content = content().map_err(unreadable)?;
        if length > PART {
            return multipart::put(self, &action, (object, length), &mut *content);
        }
        let _slot = self.uploads.take(self.client.config(), &action)?;
        let mut bytes = Vec::new();
        let mut limited = content.take(PART + 1);
        limited.read_to_end(&mut bytes).map_err(unreadable)?;
        let asked = Asked::new(&action, object);
        self.send("PUT", &asked, &bytes).map(drop)
    }

    fn action(&self, operation: &'static str, object: &str) -> Action {
        Action::new(operation, format!("s3://{}/{object}", self.address.bucket))
    }

    /// Sends bytes to something that must be there.
    fn send(&self, method: &'static str, asked: &Asked<'_>, bytes: &[u8]) -> Result<Answer, Error> {
        let upload = Upload(bytes);
        let request = Request::new(method).content(Body::Stream(&upload));
        let digest = Digest::sha256(bytes);
        let asked = Asked {
            digest,
            ..asked.clone()
        };
        let answer = self.ask(&asked, &request)?;
        answer.ok_or_else(|| Error::NotFound {
            operation: asked.action.operation,
            object: asked.action.object.clone(),
            host: self.address.bucket.clone(),
        })
    }

    /// Sends a request until it succeeds or there is no more sense in it; `None` where there is no such object.
    fn ask(&self, asked: &Asked<'_>, request: &Request<'_>) -> Result<Option<Answer>, Error> {
        let action = asked.action;
        let uri = self.uri(asked)?;
        let config = self.client.config();
        let mut retry = Retry::new(config, config.retries.attempts);
        loop {
            check_cancel(config, action)?;
            let signed = self.signed(request, &uri, &asked.digest);
            let transport = &self.client.shared.transport;
            let answer = transport.follow(action, uri.clone(), Trust::Authorities, &signed);
            let error = match answer {
                Ok(answer) if matches!(answer.status(), 200..=299) => return Ok(Some(answer)),
                Ok(answer) => match refusal::of(answer, action, &self.address) {
                    None => return Ok(None),
                    Some(error) => error,
                },
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
        let place = (uri.path(), uri.query().unwrap_or_default());
        let authorization = signing.authorization(request.method, place, &headers);
        let signed = headers[1..]
            .iter()
            .fold(request.clone(), |request, (name, value)| {
                request.header(name, *value)
            });
        signed.authorization(Some(authorization))
    }

    fn uri(&self, asked: &Asked<'_>) -> Result<Uri, Error> {
        let BucketAddress { bucket, region, .. } = &self.address;
        let amazon = || format!("https://s3.{region}.amazonaws.com");
        let endpoint = self.address.endpoint.clone().unwrap_or_else(amazon);
        let (scheme, host) = match endpoint.split_once("://") {
            Some((scheme @ ("http" | "https"), host)) => (scheme, host.trim_end_matches('/')),
            _ => {
                let reason = "its endpoint is no http or https URL";
                return Err(asked.action.silence(&endpoint, reason));
            }
        };
        let path = sign::encoded(asked.object);
        let query = match asked.query.as_str() {
            "" => String::new(),
            query => format!("?{query}"),
        };
        let uri = match self.address.style {
            BucketStyle::Path => {
                format!("{scheme}://{host}/{}/{path}{query}", sign::encoded(bucket))
            }
            BucketStyle::Host => format!("{scheme}://{bucket}.{host}/{path}{query}"),
        };
        let invalid = |error: ureq::http::uri::InvalidUri| asked.action.network(host, &error);
        uri.parse().map_err(invalid)
    }
}

/// What is asked for.
#[derive(Clone)]
struct Asked<'a> {
    action: &'a Action,
    object: &'a str,
    /// Percent-encoded, and in the order of the names, as it is signed.
    query: String,
    /// The digest of what goes along.
    digest: Digest,
}

impl<'a> Asked<'a> {
    fn new(action: &'a Action, object: &'a str) -> Self {
        Self {
            action,
            object,
            query: String::new(),
            digest: Digest::sha256(b""),
        }
    }

    fn query(self, query: String) -> Self {
        Self { query, ..self }
    }
}

/// Bytes on their way, as often as necessary.
struct Upload<'u>(&'u [u8]);

impl Outflow for Upload<'_> {
    fn length(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn start(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.0))
    }
}
