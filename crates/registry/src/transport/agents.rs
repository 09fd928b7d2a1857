use std::collections::{HashMap, HashSet};
use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ureq::http::{self, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};
use ureq::{Agent, AsSendBody, Body, Proxy, ProxyProtocol, SendBody};

use super::certs_d::HostCertificates;
use super::obstacle::Obstacle;
use super::tcp::{Lookup, Tcp};
use super::{Body as Content, Request, redirect};
use crate::config::Config;
use crate::error::{Action, Error};
use crate::hosts::HostSettings;
use crate::proxies::without_password;
use crate::retry::check_cancel;

/// Who vouches for the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trust {
    /// The authorities of the system.
    Authorities,
    /// Nobody need.
    Anyone,
}

/// A way of connecting: scheme, trust, proxy, and the folder of certificates for the host.
type Way = (String, Trust, Option<String>, Option<PathBuf>);

/// What is known of a host's certificates.
type OfHost = Option<Arc<HostCertificates>>;

/// One HTTP client for each way of connecting.
#[derive(Debug)]
pub(super) struct Agents {
    config: Arc<Config>,
    roots: OnceLock<RootCerts>,
    /// What registries get besides.
    headers: OnceLock<Vec<(String, String)>>,
    agents: Mutex<HashMap<Way, Agent>>,
    /// By hosts, as URLs name them.
    certificates: Mutex<HashMap<String, OfHost>>,
    /// Hosts that have answered.
    alive: Mutex<HashSet<String>>,
}

impl Agents {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            roots: OnceLock::new(),
            headers: OnceLock::new(),
            agents: Mutex::default(),
            certificates: Mutex::default(),
            alive: Mutex::default(),
        }
    }

    /// Sends a request once; whatever status comes back is a response.
    pub(super) fn send(
        &self,
        action: &Action,
        uri: &Uri,
        trust: Trust,
        request: &Request<'_>,
    ) -> Result<http::Response<Body>, Error> {
        let agent = self.agent(uri, trust)?;
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(uri.clone());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        for (name, value) in &request.more {
            builder = builder.header(name, value);
        }
        if request.to_registry {
            for (name, value) in self
                .headers
                .get_or_init(|| self.config.credentials.headers())
            {
                builder = builder.header(name, value);
            }
        }
        if let Some(authorization) = &request.authorization {
            builder = builder.header(http::header::AUTHORIZATION, authorization);
        }
        // Some registries insist on a length even where there is nothing.
        let bodiless = matches!(request.method, "GET" | "HEAD");
        let sent = match &request.body {
            Content::Bytes(_) if bodiless => builder
                .body(())
                .map(|sent| self.run(&agent, request.patient, sent)),
            Content::Bytes(bytes) => builder
                .body(bytes.as_slice())
                .map(|sent| self.run(&agent, request.patient, sent)),
            Content::Stream(stream) => {
                if let Some(length) = stream.length() {
                    builder = builder.header(http::header::CONTENT_LENGTH, length);
                }
                let mut content = stream
                    .start()
                    .map_err(|error| action.network(host, &error))?;
                builder
                    .body(SendBody::from_reader(&mut content))
                    .map(|sent| self.run(&agent, request.patient, sent))
            }
        };
        match sent {
            Ok(Ok(response)) => {
                self.alive().insert(host.to_owned());
                Ok(response)
            }
            Ok(Err(error)) => Err(self.failure(action, host, &error)),
            Err(error) => Err(action.network(host, &error)),
        }
    }

    fn run(
        &self,
        agent: &Agent,
        patient: bool,
        request: http::Request<impl AsSendBody>,
    ) -> Result<http::Response<Body>, ureq::Error> {
        if !patient {
            return agent.run(request);
        }
        let wait = Some(self.config.timeouts.intake);
        let request = agent.configure_request(request).timeout_per_read(wait);
        agent.run(request.build())
    }

    /// Tells wishes to stop, wrong names and certificates that are not trusted from a network that does not
    /// work.
    fn failure(&self, action: &Action, host: &str, error: &ureq::Error) -> Error {
        if let Err(cancelled) = check_cancel(&self.config, action) {
            return cancelled;
        }
        if is_tls(error) {
            return action.tls(host, error);
        }
        match Obstacle::of(error) {
            // Who has answered before has no wrong name; it is away for a while.
            Some(obstacle) if !self.alive().contains(host) => obstacle.for_action(action),
            _ => action.network(host, error),
        }
    }

    fn alive(&self) -> MutexGuard<'_, HashSet<String>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn agent(&self, uri: &Uri, trust: Trust) -> Result<Agent, Error> {
        let scheme = uri.scheme_str().unwrap_or("https");
        let host = uri.host().unwrap_or_default();
        let proxy = self.config.proxies.find(scheme, host, redirect::port(uri));
        let certificates = match scheme {
            "https" => self.certificates_of(uri)?,
            _ => None,
        };
        let folder = certificates.as_ref().map(|found| found.folder.clone());
        let key = (scheme.to_owned(), trust, proxy.map(str::to_owned), folder);
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = agents.get(&key) {
            return Ok(agent.clone());
        }
        let tls = match scheme {
            "http" => None,
            _ => Some(self.tls(trust, certificates.as_deref())?),
        };
        let agent = self.new_agent(tls, proxy)?;
        agents.insert(key, agent.clone());
        Ok(agent)
    }

    /// Notes the certificates that `hosts.toml` names for a host, in the place of those in its folder.
    pub(super) fn configure(&self, settings: &HostSettings) -> Result<(), Error> {
        if settings.plain || (settings.authorities.is_empty() && settings.own.is_none()) {
            return Ok(());
        }
        let mut known = self
            .certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let folder = settings.file.join(&settings.authority);
        let is_noted = |found: &OfHost| found.as_ref().is_some_and(|it| it.folder == folder);
        if !known.get(&settings.authority).is_some_and(is_noted) {
            let own = settings.own.as_ref();
            let own = own.map(|(certificate, key)| (certificate.as_path(), key.as_path()));
            let found = HostCertificates::named(folder, &settings.authorities, own)?;
            known.insert(settings.authority.clone(), Some(Arc::new(found)));
        }
        Ok(())
    }

    /// The certificates that are configured for a host.
    fn certificates_of(&self, uri: &Uri) -> Result<OfHost, Error> {
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut known = self
            .certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(host) {
            return Ok(found.clone());
        }
        let places = &self.config.certificates.of_hosts;
        let found = HostCertificates::find(places, host)?.map(Arc::new);
        known.insert(host.to_owned(), found.clone());
        Ok(found)
    }

    fn tls(&self, trust: Trust, host: Option<&HostCertificates>) -> Result<TlsConfig, Error> {
        let roots = match (trust, host) {
            // Nobody looks at them.
            (Trust::Anyone, _) => RootCerts::WebPki,
            (Trust::Authorities, Some(host)) if !host.authorities.is_empty() => {
                let mut all = host.authorities.clone();
                if let RootCerts::Specific(others) = self.roots()? {
                    all.extend(others.iter().cloned());
                }
                RootCerts::Specific(Arc::new(all))
            }
            (Trust::Authorities, _) => self.roots()?,
        };
        Ok(TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(roots)
            .disable_verification(trust == Trust::Anyone)
            .client_cert(host.and_then(|host| host.own.clone()))
            .build())
    }

    fn new_agent(&self, tls: Option<TlsConfig>, proxy: Option<&str>) -> Result<Agent, Error> {
        let proxy = match proxy {
            Some(url) => {
                let known = |proxy: &Proxy| {
                    matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
                };
                let proxy = Proxy::new(url).ok().filter(known);
                Some(proxy.ok_or_else(|| Error::InvalidProxy {
                    proxy: without_password(url),
                })?)
            }
            None => None,
        };
        let timeouts = self.config.timeouts;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Redirects are followed here, where it is known whom credentials are for.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(&self.config.user_agent)
            .timeout_resolve(Some(timeouts.connect))
            .timeout_connect(Some(timeouts.connect))
            .timeout_per_read(Some(timeouts.silence))
            .timeout_per_write(Some(timeouts.silence))
            .proxy(proxy);
        let config = match tls {
            Some(tls) => config.tls_config(tls),
            None => config,
        };
        let cancel = || Arc::clone(&self.config.cancel);
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(Tcp::new(cancel()))
                .chain(RustlsConnector::default());
        let resolver = Lookup::new(cancel());
        Ok(Agent::with_parts(config.build(), connector, resolver))
    }

    /// The authorities to trust: those that the user names, or the system's, or Mozilla's.
    fn roots(&self) -> Result<RootCerts, Error> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots.clone());
        }
        let named = &self.config.certificates;
        let roots = if named.file.is_none() && named.folders.is_empty() {
            system_roots()
        } else {
            named_roots(named.file.as_deref(), &named.folders)?
        };
        Ok(self.roots.get_or_init(|| roots).clone())
    }
}

/// The certificates in a file, or in folders.
fn named_roots(file: Option<&Path>, folders: &[PathBuf]) -> Result<RootCerts, Error> {
    let mut found = Vec::new();
    let mut failure = None;
    for path in file.into_iter().chain(folders.iter().map(PathBuf::as_path)) {
        let loaded = if path.is_dir() {
            rustls_native_certs::load_certs_from_paths(None, Some(path))
        } else {
            rustls_native_certs::load_certs_from_paths(Some(path), None)
        };
        let error = loaded.errors.first().map(ToString::to_string);
        failure.get_or_insert(Error::Certificates {
            path: path.to_owned(),
            reason: error.unwrap_or_else(|| "there are none in it".to_owned()),
        });
        found.extend(loaded.certs);
    }
    match failure {
        Some(failure) if found.is_empty() => Err(failure),
        _ => Ok(specific(&found)),
    }
}

fn system_roots() -> RootCerts {
    let loaded = rustls_native_certs::load_native_certs();
    if loaded.certs.is_empty() {
        RootCerts::WebPki
    } else {
        specific(&loaded.certs)
    }
}

fn specific(certs: &[rustls::pki_types::CertificateDer<'_>]) -> RootCerts {
    let certs = certs
        .iter()
        .map(|cert| Certificate::from_der(cert).to_owned());
    RootCerts::Specific(Arc::new(certs.collect()))
}

/// Is it about the other side's certificate or protocol?
fn is_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => true,
        ureq::Error::Io(error) => is_rustls(error),
        _ => false,
    }
}

fn is_rustls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>)
}
