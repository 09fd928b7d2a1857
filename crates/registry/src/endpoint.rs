use oci::Reference;

use crate::Error;
use crate::proxies::is_loopback;

/// A place that a repository can be had from: the registry that its name names, or a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    repository: String,
    insecure: bool,
    mirror: bool,
}

impl Endpoint {
    /// The registry that the reference itself names.
    pub(crate) fn of(reference: &Reference) -> Self {
        Self {
            host: reference.registry().to_owned(),
            repository: reference.repository().to_owned(),
            insecure: false,
            mirror: false,
        }
    }

    /// A registry as a whole.
    pub(crate) fn registry(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            repository: String::new(),
            insecure: false,
            mirror: false,
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
        })
    }

    pub(crate) fn with_insecure(self, insecure: bool) -> Self {
        Self { insecure, ..self }
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
        self.insecure || self.is_loopback()
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
