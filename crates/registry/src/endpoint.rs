use std::sync::Arc;

use oci::Reference;

use crate::Error;
use crate::hosts::{Capabilities, HostSettings};
use crate::proxies::is_loopback;

/// A place that a repository can be had from: the registry that its name names, or a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    repository: String,
    insecure: bool,
    mirror: bool,
    /// What `hosts.toml` says of it.
    settings: Option<Arc<HostSettings>>,
}

impl Endpoint {
    /// The registry that the reference itself names.
    pub(crate) fn of(reference: &Reference) -> Self {
        Self {
            host: reference.registry().to_owned(),
            repository: reference.repository().to_owned(),
            insecure: false,
            mirror: false,
            settings: None,
        }
    }

    /// A registry as a whole.
    pub(crate) fn registry(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            repository: String::new(),
            insecure: false,
            mirror: false,
            settings: None,
        }
    }

    /// A place that the configuration names: `host[:port]/repository`.
    pub(crate) fn at(location: &str, reference: &Reference) -> Result<Self, Error> {
        let invalid = || Error::InvalidLocation {
            reference: reference.to_string(),
            location: location.to_owned(),
        };
        let (host, repository) = location.split_once('/').ok_or_else(invalid)?;
        // Read as a reference, it is checked like one; a host without a dot needs no dot here.
        let checked: Reference = format!("localhost/{repository}")
            .parse()
            .map_err(|_| invalid())?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(invalid());
        }
        Ok(Self {
            host: host.to_owned(),
            repository: checked.repository().to_owned(),
            insecure: false,
            mirror: false,
            settings: None,
        })
    }

    pub(crate) fn with_insecure(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// The same repository at a host that `hosts.toml` names.
    pub(crate) fn with_settings(&self, settings: Arc<HostSettings>) -> Self {
        Self {
            host: match settings.namespace {
                Some(_) => settings.authority.clone(),
                // Credentials are for the name that people know.
                None => self.host.clone(),
            },
            insecure: settings.plain || settings.skip_verify,
            mirror: settings.namespace.is_some(),
            repository: self.repository.clone(),
            settings: Some(settings),
        }
    }

    /// What `hosts.toml` says of it, if it does.
    pub(crate) fn settings(&self) -> Option<&HostSettings> {
        self.settings.as_deref()
    }

    /// What it is asked for.
    pub(crate) fn capabilities(&self) -> Capabilities {
        match &self.settings {
            Some(settings) => settings.capabilities,
            None => Capabilities {
                push: !self.mirror,
                ..Capabilities::ALL
            },
        }
    }

    /// The path of the API, which says whether it is one.
    pub(crate) fn top(&self) -> String {
        let settings = self.settings.as_ref();
        let prefix = settings.map_or("/v2", |settings| settings.prefix.as_str());
        format!("{prefix}/")
    }

    /// The path of something in the repository: `blobs/…`, `manifests/…`.
    pub(crate) fn path(&self, of: &str) -> String {
        let (prefix, namespace) = match &self.settings {
            Some(settings) => (settings.prefix.as_str(), settings.namespace.as_deref()),
            None => ("/v2", None),
        };
        let path = format!("{prefix}/{}/{of}", self.repository);
        match namespace {
            Some(namespace) if !of.starts_with("blobs/uploads") => {
                // As containerd tells a mirror of many registries which one is meant.
                format!("{path}?ns={namespace}")
            }
            _ => path,
        }
    }

    pub(crate) fn into_mirror(self) -> Self {
        Self {
            mirror: true,
            ..self
        }
    }

    /// The host and port, as references name it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name of the repository there.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// May it be without TLS, or with a certificate that nobody vouches for?
    pub fn is_insecure(&self) -> bool {
        match &self.settings {
            Some(_) => self.insecure,
            None => self.insecure || self.is_loopback(),
        }
    }

    /// Is it a mirror?
    pub fn is_mirror(&self) -> bool {
        self.mirror
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(self.name())
    }

    /// The host without the port.
    pub(crate) fn name(&self) -> &str {
        match self.host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => &self.host,
        }
    }

    /// The host and port that answer the API: Docker Hub's is not where its name says.
    pub(crate) fn api_host(&self) -> &str {
        if let Some(settings) = &self.settings {
            return &settings.authority;
        }
        if self.host == "docker.io" {
            "registry-1.docker.io"
        } else {
            &self.host
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let reference: Reference = "alpine".parse().unwrap();
        let at = |location: &str| Endpoint::at(location, &reference);
        let endpoint = at("mirror:5000/hub/library/alpine").unwrap();
        assert_eq!(
            (endpoint.host(), endpoint.repository()),
            ("mirror:5000", "hub/library/alpine")
        );
        for bad in [
            "mirror",
            "/x",
            "mirror/",
            "http://mirror/x",
            "a b/x",
            "mirror/../x",
            "m@h/x",
        ] {
            assert!(
                matches!(at(bad), Err(Error::InvalidLocation { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn this_machine() {
        let loopback = |name: &str| Endpoint::of(&name.parse().unwrap()).is_insecure();
        assert!(loopback("localhost/a") && loopback("localhost:5000/a"));
        assert!(loopback("127.0.0.1:5000/a") && loopback("127.1.2.3/a") && loopback("[::1]:5/a"));
        assert!(!loopback("a") && !loopback("localhost.example.com/a") && !loopback("10.0.0.1/a"));
        assert_eq!(
            Endpoint::of(&"a".parse().unwrap()).api_host(),
            "registry-1.docker.io"
        );
    }
}
