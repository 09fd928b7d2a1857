mod words;

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error as ThisError;

use crate::s3::BucketRefusal;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a registry did not give what was asked for.
///
/// `object` is what was asked for: a reference, or the digest of a blob and its repository.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A configuration file of registries cannot be read.
    #[error("cannot read {path}")]
    ConfigRead {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A configuration file of registries is not what containers-registries.conf(5) says.
    #[error("{path} is not a valid registries.conf: {reason}; see containers-registries.conf(5)")]
    ConfigInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// The proxy that is configured has no usable address.
    #[error("`{proxy}` is not the URL of a proxy; expected http://host:port")]
    InvalidProxy {
        /// The address, without what may be a password.
        proxy: String,
    },
    /// The certificates that are configured cannot be read.
    #[error("cannot read certificates from {path}: {reason}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The configuration forbids to use this name.
    #[error("{reference} is blocked by the registries.conf in use")]
    Blocked {
        /// The name.
        reference: String,
    },
    /// What should be the name of an image is none.
    #[error("`{name}` is no name of an image")]
    InvalidName {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: oci::Error,
    },
    /// A name without a registry may mean several images, and the configuration forbids to guess.
    #[error(
        "{name} may mean several images: {candidates}; write one of these, or add an alias for {name} to registries.conf"
    )]
    AmbiguousName {
        /// The name.
        name: String,
        /// What it may mean.
        candidates: String,
    },
    /// The configuration rewrites the name into something that is none.
    #[error(
        "{reference} is rewritten to `{location}`, which is not host/repository; \
             correct the location in registries.conf"
    )]
    InvalidLocation {
        /// The name.
        reference: String,
        /// What became of it.
        location: String,
    },
    /// The registry does not have it.
    #[error("cannot {operation} {object}: {host} does not have it; check name and tag")]
    NotFound {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
    },
    /// The registry does not give it to this user.
    #[error(
        "cannot {operation} {object}: {host} denies access ({message}); it may not exist, or \
             need `carafe login {host}`"
    )]
    Unauthorized {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// What the registry said.
        message: String,
    },
    /// The registry was asked too often.
    #[error("cannot {operation} {object}: {host} was asked too often{}; wait, log in with \
             `carafe login {host}`, or configure a mirror", later(*retry_after))]
    TooManyRequests {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The registry answers with another status than the specification foresees.
    #[error("cannot {operation} {object}: {host} answers with status {status} ({message})")]
    Status {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said.
        message: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// A server of buckets does not do what it was asked.
    #[error(transparent)]
    Bucket(Box<BucketRefusal>),
    /// The name of a registry, or of the proxy before it, leads to no address.
    #[error(
        "cannot {operation} {object}: host {host} cannot be found ({reason}); check the name, the \
             network, and HTTPS_PROXY"
    )]
    UnknownHost {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// The name.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// Nobody listens where the registry, or the proxy before it, should be.
    #[error(
        "cannot {operation} {object}: {host} refuses the connection; check the name and the port, \
             and that a registry runs there"
    )]
    Refused {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
    },
    /// No connection, or one that broke.
    #[error(
        "cannot {operation} {object}: no answer from {host} ({reason}); check the network and \
             HTTPS_PROXY"
    )]
    Network {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// The other side cannot show that it is the registry.
    #[error(
        "cannot {operation} {object}: no secure connection to {host} ({reason}); put its authority's \
             certificate, and yours if it asks for one, into /etc/containers/certs.d/{host}, name it \
             in SSL_CERT_FILE, or set `insecure = true` for it in registries.conf"
    )]
    Tls {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// What is wrong with its certificate or protocol.
        reason: String,
    },
    /// The registry sends the client to somewhere that it does not go.
    #[error("cannot {operation} {object}: {host} redirects wrongly: {reason}")]
    Redirect {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Who redirects.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The registry asks for credentials in a way that does not work.
    #[error("cannot {operation} {object}: cannot log in to {host}: {reason}")]
    Authentication {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// The registry.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The registry does not accept the user's credentials.
    #[error("cannot log in to {host}: {reason}")]
    LoginRefused {
        /// The registry.
        host: String,
        /// What it says, or what is wrong.
        reason: String,
    },
    /// The user's credentials cannot be found out.
    #[error("cannot get the credentials for {host}")]
    Credentials {
        /// The registry.
        host: String,
        /// What their keeper said.
        #[source]
        source: Source,
    },
    /// The registry's answer is no manifest that can be understood.
    #[error("cannot {operation} {object}: {host} sends an unusable document")]
    Document {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// What is wrong with it.
        #[source]
        source: oci::Error,
    },
    /// The registry sends something else than its digest or media type says.
    #[error("cannot {operation} {object}: {host} sends something else: {reason}")]
    Mismatch {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
        /// Whom was asked.
        host: String,
        /// What differs.
        reason: String,
    },
    /// What is to be sent cannot be read.
    #[error("cannot push {object}: cannot read it here")]
    Content {
        /// What was to be sent.
        object: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// An index has no image for the platform.
    #[error("{reference} has no image for {platform}, only for {available}")]
    NoPlatform {
        /// The image.
        reference: String,
        /// The platform that was asked for.
        platform: String,
        /// The platforms that there are.
        available: String,
    },
    /// Neither the mirrors nor the registry itself gave it.
    #[error("no endpoint for {object} works: {}", list(failures))]
    Endpoints {
        /// What was asked for.
        object: String,
        /// The error of each endpoint, in the order in which they were asked.
        failures: Vec<Error>,
    },
    /// The user wants no more.
    #[error("cannot {operation} {object}: cancelled")]
    Cancelled {
        /// What was being done.
        operation: &'static str,
        /// To what.
        object: String,
    },
}

impl Error {
    /// Does the registry say that there is no such thing?
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            Self::Endpoints { failures, .. } => failures.iter().all(Self::is_not_found),
            _ => false,
        }
    }

    /// Does the registry want other credentials?
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::Authentication { .. } => true,
            Self::Endpoints { failures, .. } => failures.last().is_some_and(Self::is_unauthorized),
            _ => false,
        }
    }

    /// May the same request succeed a little later?
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Network { .. }
            | Self::UnknownHost { .. }
            | Self::Refused { .. }
            | Self::TooManyRequests { .. } => true,
            Self::Bucket(refusal) if refusal.code == "RequestTimeout" => true,
            Self::Bucket(refusal) => may_pass(refusal.status),
            Self::Status { status, .. } => may_pass(*status),
            _ => false,
        }
    }

    /// Does the registry no longer know the upload, or know it otherwise than the client does?
    pub(crate) fn is_lost_upload(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. } | Self::Status { status: 416, .. }
        )
    }

    /// Does the registry find something wrong with the request?
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Status {
                status: 400..=499,
                ..
            } | Self::NotFound { .. }
        ) && !self.is_retryable()
    }

    /// Is it too much in one request?
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self, Self::Status { status: 413, .. })
    }

    /// Does the user want no more?
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }

    /// Is nobody there, most likely because of a wrong name? Trying for long would not help.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::UnknownHost { .. } | Self::Refused { .. })
    }

    /// Who failed.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::NotFound { host, .. }
            | Self::Unauthorized { host, .. }
            | Self::TooManyRequests { host, .. }
            | Self::Status { host, .. }
            | Self::UnknownHost { host, .. }
            | Self::Refused { host, .. }
            | Self::Network { host, .. }
            | Self::Tls { host, .. }
            | Self::Redirect { host, .. }
            | Self::Authentication { host, .. }
            | Self::LoginRefused { host, .. }
            | Self::Credentials { host, .. }
            | Self::Document { host, .. }
            | Self::Mismatch { host, .. } => Some(host),
            Self::Bucket(refusal) => Some(&refusal.host),
            _ => None,
        }
    }

    /// What was asked for.
    pub fn object(&self) -> Option<&str> {
        match self {
            Self::NotFound { object, .. }
            | Self::Unauthorized { object, .. }
            | Self::TooManyRequests { object, .. }
            | Self::Status { object, .. }
            | Self::UnknownHost { object, .. }
            | Self::Refused { object, .. }
            | Self::Network { object, .. }
            | Self::Tls { object, .. }
            | Self::Redirect { object, .. }
            | Self::Authentication { object, .. }
            | Self::Document { object, .. }
            | Self::Mismatch { object, .. }
            | Self::Content { object, .. }
            | Self::Endpoints { object, .. }
            | Self::Cancelled { object, .. } => Some(object),
            Self::Bucket(refusal) => Some(&refusal.object),
            _ => None,
        }
    }

    /// Why, in a few words: without what was being done, by whom, and advice.
    pub fn in_short(&self) -> String {
        match self {
            Self::TooManyRequests { .. } => "429 too many requests".to_owned(),
            Self::Status {
                status, message, ..
            } => format!("{status} {}", message.to_lowercase()),
            Self::Refused { .. } => "connection refused".to_owned(),
            Self::UnknownHost { reason, .. }
            | Self::Network { reason, .. }
            | Self::Tls { reason, .. }
            | Self::Authentication { reason, .. }
            | Self::Mismatch { reason, .. } => reason.clone(),
            other => other.to_string(),
        }
    }

    /// How long the registry asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after, .. } | Self::Status { retry_after, .. } => {
                *retry_after
            }
            Self::Bucket(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

/// Whether the same request may succeed later, by the status of the answer.
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

fn later(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| {
        format!(" and wants {} s of rest", wait.as_secs())
    })
}

fn list(failures: &[Error]) -> String {
    let texts = failures.iter().map(|failure| match failure.source() {
        Some(source) => format!("{failure} ({source})"),
        None => failure.to_string(),
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// What is being done, for the messages of errors.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) operation: &'static str,
    pub(crate) object: String,
}

impl Action {
    pub(crate) fn new(operation: &'static str, object: impl Into<String>) -> Self {
        Self {
            operation,
            object: object.into(),
        }
    }

    pub(crate) fn cancelled(&self) -> Error {
        Error::Cancelled {
            operation: self.operation,
            object: self.object.clone(),
        }
    }

    pub(crate) fn mismatch(&self, host: &str, reason: impl Into<String>) -> Error {
        Error::Mismatch {
            operation: self.operation,
            object: self.object.clone(),
            host: host.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn misled(&self, host: &str, reason: &'static str) -> Error {
        Error::Redirect {
            operation: self.operation,
            object: self.object.clone(),
            host: host.to_owned(),
            reason,
        }
    }

    pub(crate) fn document(&self, host: &str, source: oci::Error) -> Error {
        Error::Document {
            operation: self.operation,
            object: self.object.clone(),
            host: host.to_owned(),
            source,
        }
    }

    pub(crate) fn network(&self, host: &str, error: &(dyn StdError + 'static)) -> Error {
        self.silence(host, words::of(error))
    }

    pub(crate) fn silence(&self, host: &str, reason: impl Into<String>) -> Error {
        Error::Network {
            operation: self.operation,
            object: self.object.clone(),
            host: host.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn tls(&self, host: &str, error: &ureq::Error) -> Error {
        Error::Tls {
            operation: self.operation,
            object: self.object.clone(),
            host: host.to_owned(),
            reason: words::of(error),
        }
    }

    pub(crate) fn authentication(&self, host: &str, reason: impl Into<String>) -> Error {
        Error::Authentication {
            operation: self.operation,
            object: self.object.clone(),
            host: host.to_owned(),
            reason: reason.into(),
        }
    }
}
