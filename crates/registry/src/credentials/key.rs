use std::fmt;

/// Docker Hub in references.
const HUB: &str = "docker.io";

/// Docker Hub where credentials are kept, since Docker 1.
const HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// What credentials are for: a registry, or a part of one: `docker.io`, `localhost:5000`, `quay.io/team`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryKey(String);

impl RegistryKey {
    /// Reads what people write and what stands in files: with a scheme, what follows the host does not count
    /// (`https://quay.io/v2/`); without, it is a part of the registry. Docker Hub has many names.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let bare = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let (host, path) = bare
            .unwrap_or(text)
            .split_once('/')
            .unwrap_or_else(|| (bare.unwrap_or(text), ""));
        let host = match host.to_ascii_lowercase().as_str() {
            "" | HUB | "index.docker.io" | "registry-1.docker.io" => HUB.to_owned(),
            other => other.to_owned(),
        };
        let path = path.trim_matches('/');
        // So docker's API is addressed, and no repository.
        let is_api = matches!(path, "" | "v1" | "v2");
        if bare.is_some() || is_api {
            return Self(host);
        }
        Self(format!("{host}/{path}"))
    }

    /// The registry, as references name it.
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The part of the registry that it is for; empty is all of it.
    pub fn repository(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, part)| part)
    }

    /// Is it for a part of the registry only?
    pub fn is_partial(&self) -> bool {
        self.0.contains('/')
    }

    /// How docker's files and helpers name it: as it is, except for Docker Hub.
    pub fn address(&self) -> &str {
        if self.0 == HUB { HUB_ADDRESS } else { &self.0 }
    }

    /// How many bytes of `registry/repository` it covers, if it is for that; whole components only.
    pub(super) fn covers(&self, registry: &str, repository: &str) -> Option<usize> {
        let rest = self.0.strip_prefix(&Self::new(registry).0)?;
        let covered = match rest.strip_prefix('/') {
            None => rest.is_empty(),
            Some(part) => repository
                .strip_prefix(part)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        };
        covered.then_some(self.0.len())
    }
}

impl fmt::Display for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, key, address) in [
            ("quay.io", "quay.io", "quay.io"),
            ("Quay.IO/", "quay.io", "quay.io"),
            ("https://quay.io/v2/", "quay.io", "quay.io"),
            ("http://localhost:5000", "localhost:5000", "localhost:5000"),
            ("localhost:5000/v2", "localhost:5000", "localhost:5000"),
            ("quay.io/team/app/", "quay.io/team/app", "quay.io/team/app"),
            ("", "docker.io", HUB_ADDRESS),
            ("docker.io", "docker.io", HUB_ADDRESS),
            (HUB_ADDRESS, "docker.io", HUB_ADDRESS),
            ("index.docker.io/v1/", "docker.io", HUB_ADDRESS),
            ("registry-1.docker.io", "docker.io", HUB_ADDRESS),
            ("docker.io/me", "docker.io/me", "docker.io/me"),
        ] {
            let found = RegistryKey::new(text);
            assert_eq!(
                (found.to_string().as_str(), found.address()),
                (key, address)
            );
        }
    }

    #[test]
    fn what_they_are_for() {
        for (key, registry, repository, covered) in [
            ("a.io", "a.io", "x/y", true),
            ("a.io", "a.io", "", true),
            ("a.io", "a.io:5000", "x", false),
            ("a.io/x", "a.io", "x", true),
            ("a.io/x", "a.io", "x/y", true),
            ("a.io/x", "a.io", "xy", false),
            ("a.io/x", "a.io", "", false),
            ("docker.io/library", "docker.io", "library/alpine", true),
            (HUB_ADDRESS, "docker.io", "library/alpine", true),
        ] {
            let found = RegistryKey::new(key).covers(registry, repository);
            assert_eq!(found.is_some(), covered, "{key} {registry} {repository}");
        }
    }
}
