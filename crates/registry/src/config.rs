use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use oci::Digest;

use crate::{Anonymous, CredentialError, Credentials, Error, Proxies, Registries};

/// Everything that a [`Client`](crate::Client) must know; it asks neither environment nor home
/// directory.
#[derive(Clone)]
pub struct Config {
    /// Where registries are.
    pub registries: Registries,
    /// Who the user is there.
    pub credentials: Arc<dyn Credentials>,
    /// How to get out.
    pub proxies: Proxies,
    /// Whose certificates count.
    pub certificates: Certificates,
    /// How the client calls itself.
    pub user_agent: String,
    /// How often to try again.
    pub retries: Retries,
    /// How long to wait for the network.
    pub timeouts: Timeouts,
    /// Stops everything at the next chunk, once it is set.
    pub cancel: Arc<AtomicBool>,
    /// Who is told what happens.
    pub observer: Observer,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            registries: Registries::default(),
            credentials: Arc::new(Anonymous),
            proxies: Proxies::default(),
            certificates: Certificates::default(),
            user_agent: concat!("carafe/", env!("CARGO_PKG_VERSION")).to_owned(),
            retries: Retries::default(),
            timeouts: Timeouts::default(),
            cancel: Arc::default(),
            observer: Observer::default(),
        }
    }
}

/// Where certificates are. What is named as a file may be a folder, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Authorities to trust, in place of the system's: what `SSL_CERT_FILE` names.
    pub file: Option<PathBuf>,
    /// Folders of such: what `SSL_CERT_DIR` names.
    pub folders: Vec<PathBuf>,
    /// Folders that have a folder for each host, docker's `certs.d`: with authorities for that host besides those, and
    /// with what to show there. The first that has one for a host counts. They may have containerd's `hosts.toml`, too.
    pub of_hosts: Vec<PathBuf>,
}

impl fmt::Debug for Config {
    /// Without the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("registries", &self.registries)
            .field("proxies", &self.proxies)
            .field("certificates", &self.certificates)
            .field("user_agent", &self.user_agent)
            .field("retries", &self.retries)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// How often something that may work later is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often in all, at least once.
    pub attempts: u32,
    /// How long to wait before the second time; doubled each time after that.
    pub first_wait: Duration,
    /// The longest time to wait, even if the registry asks for more: then it is an error.
    pub longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// How long to wait for the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the next bytes of an answer.
    pub silence: Duration,
    /// Until the answer to what was sent: a registry checks a large blob, or moves it to where it keeps it.
    pub intake: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            intake: Duration::from_secs(300),
        }
    }
}

type Observe = dyn Fn(Event<'_>) + Send + Sync;

/// Who is told what happens. Called from whichever thread it happens on.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<Observe>>);

impl Observer {
    /// Passes events on to `observe`.
    pub fn new(observe: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    pub(crate) fn tell(&self, event: Event<'_>) {
        if let Some(observe) = &self.0 {
            observe(event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Observer(…)"
        } else {
            "Observer(nobody)"
        })
    }
}

/// Something that happens during a transfer.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// How much of a blob is here.
    Progress {
        /// The blob.
        digest: &'a Digest,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Something failed and will be tried again.
    Retrying {
        /// Why it failed.
        error: &'a Error,
        /// How often it was tried so far.
        attempt: u32,
        /// How long the wait is.
        wait: Duration,
    },
    /// An endpoint failed, and the next one is asked.
    FallingBack {
        /// Why it failed.
        error: &'a Error,
        /// Whom is asked next.
        next: &'a str,
    },
    /// A place of credentials cannot be used, and the others are asked.
    UnusableCredentials {
        /// Why not.
        error: &'a CredentialError,
    },
}
