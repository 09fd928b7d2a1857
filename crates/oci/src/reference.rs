//! Names of images, as `github.com/distribution/reference` reads them.

use std::fmt;
use std::str::FromStr;

use crate::error::shorten;
use crate::{Digest, Error};

const DEFAULT_REGISTRY: &str = "docker.io";
const OFFICIAL: &str = "library";
const DEFAULT_TAG: &str = "latest";
const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// The full name of an image: registry, repository, and a tag, a digest or both.
///
/// What is left out is filled in as Docker does: `alpine` is `docker.io/library/alpine:latest`.
/// With a digest there is no default tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Does `text` name its registry, so that no default and no search list applies?
    pub fn is_qualified(text: &str) -> bool {
        split_registry(text).0.is_some()
    }

    /// The registry's host and port: `docker.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in its registry: `library/alpine`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Registry and repository: `docker.io/library/alpine`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The tag; `None` only if there is a digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, which counts before the tag.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same repository with `tag` and no digest.
    ///
    /// # Errors
    /// When `tag` is not a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, Error> {
        check_tag(tag).map_err(|reason| Error::InvalidReference {
            text: shorten(tag),
            reason,
        })?;
        Ok(Self {
            tag: Some(tag.to_owned()),
            digest: None,
            ..self.clone()
        })
    }

    /// The same repository with `digest` and no tag.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// The repository without what Docker fills in: `alpine`, `me/app`, `localhost:5000/app`.
    pub fn familiar_name(&self) -> String {
        if self.registry != DEFAULT_REGISTRY {
            return self.name();
        }
        match self.repository.split_once('/') {
            Some((OFFICIAL, name)) if !name.contains('/') => name.to_owned(),
            _ => self.repository.clone(),
        }
    }

    /// The reference as people write it: `alpine:3`, `alpine@sha256:…`.
    pub fn familiar(&self) -> String {
        format!("{}{}", self.familiar_name(), Suffix(self))
    }
}

/// Tag and digest with their separators.
struct Suffix<'a>(&'a Reference);

impl fmt::Display for Suffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tag) = &self.0.tag {
            write!(f, ":{tag}")?;
        }
        self.0
            .digest
            .as_ref()
            .map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl fmt::Display for Reference {
    /// The full form: `docker.io/library/alpine:3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.registry, self.repository, Suffix(self))
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::InvalidReference {
            text: shorten(text),
            reason,
        };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>()?)),
            None => (text, None),
        };
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].split_once(':') {
            Some((end, tag)) => (&rest[..last + end.len()], Some(tag)),
            None => (rest, None),
        };
        if let Some(tag) = tag {
            check_tag(tag).map_err(invalid)?;
        }
        let (registry, repository) = parse_name(name).map_err(invalid)?;
        let tag = tag
            .or_else(|| digest.is_none().then_some(DEFAULT_TAG))
            .map(str::to_owned);
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

/// The first component is a registry if nothing but a registry can look like that.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn parse_name(name: &str) -> Result<(String, String), &'static str> {
    if name.is_empty() {
        return Err("it has no name");
    }
    if name.len() == 64
        && name
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err("a name cannot be 64 hexadecimal digits, as image IDs are");
    }
    let (registry, path) = split_registry(name);
    let registry = match registry {
        None | Some("index.docker.io") => DEFAULT_REGISTRY,
        Some(registry) => registry,
    };
    check_registry(registry)?;
    let repository = if registry == DEFAULT_REGISTRY && !path.contains('/') {
        format!("{OFFICIAL}/{path}")
    } else {
        path.to_owned()
    };
    check_repository(&repository)?;
    if registry.len() + 1 + repository.len() > MAX_NAME {
        return Err("its name is longer than 255 characters");
    }
    Ok((registry.to_owned(), repository))
}

fn check_registry(registry: &str) -> Result<(), &'static str> {
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or("its IPv6 address has no end")?;
            if !address
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
            {
                return Err("its IPv6 address is invalid");
            }
            (None, after)
        }
        None => match registry.find(':') {
            Some(colon) => (Some(&registry[..colon]), &registry[colon..]),
            None => (Some(registry), ""),
        },
    };
    let is_port = |digits: &str| digits.parse::<u16>().is_ok() && !digits.starts_with('+');
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return Err("its registry's port is invalid");
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if host.is_some_and(|host| !host.split('.').all(label)) {
        return Err("its registry's host name is invalid");
    }
    Ok(())
}

fn check_repository(repository: &str) -> Result<(), &'static str> {
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the repository's name must be lowercase");
    }
    if repository.split('/').all(is_path_component) {
        Ok(())
    } else {
        Err("its name may hold a-z and 0-9, with one of . _ __ or any number of - between them")
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let ends = |byte: Option<u8>| byte.is_some_and(word);
    let bytes = component.as_bytes();
    ends(bytes.first().copied())
        && ends(bytes.last().copied())
        && bytes
            .split(|byte| word(*byte))
            .all(|separator| match separator {
                b"" | b"." | b"_" | b"__" => true,
                other => other.iter().all(|byte| *byte == b'-'),
            })
}

/// `[\w][\w.-]{0,127}`
fn check_tag(tag: &str) -> Result<(), &'static str> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = tag.bytes().next().is_some_and(word);
    let rest = tag
        .bytes()
        .all(|byte| word(byte) || matches!(byte, b'.' | b'-'));
    match (first && rest, tag.len() <= MAX_TAG) {
        (true, true) => Ok(()),
        (true, false) => Err("its tag is longer than 128 characters"),
        (false, _) => Err("its tag may hold letters, digits, and (not in front) . and -"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(text: &str) -> Reference {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn full_and_familiar() {
        for (text, full, familiar) in [
            ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            ("alpine:3", "docker.io/library/alpine:3", "alpine:3"),
            (
                "docker.io/alpine",
                "docker.io/library/alpine:latest",
                "alpine:latest",
            ),
            ("index.docker.io/me/app:1", "docker.io/me/app:1", "me/app:1"),
            (
                "library/alpine",
                "docker.io/library/alpine:latest",
                "alpine:latest",
            ),
            (
                "docker.io/library/a/b",
                "docker.io/library/a/b:latest",
                "library/a/b:latest",
            ),
            (
                "localhost/app",
                "localhost/app:latest",
                "localhost/app:latest",
            ),
            (
                "localhost:5000",
                "docker.io/library/localhost:5000",
                "localhost:5000",
            ),
            (
                "localhost:5000/a/b",
                "localhost:5000/a/b:latest",
                "localhost:5000/a/b:latest",
            ),
            ("Host/app", "Host/app:latest", "Host/app:latest"),
            ("[::1]:5000/app:x", "[::1]:5000/app:x", "[::1]:5000/app:x"),
            (
                "gcr.io/a__b/c-----d.e:T_.-",
                "gcr.io/a__b/c-----d.e:T_.-",
                "gcr.io/a__b/c-----d.e:T_.-",
            ),
        ] {
            let reference = parse(text);
            assert_eq!(
                (reference.to_string(), reference.familiar()),
                (full.into(), familiar.into())
            );
            assert_eq!(parse(full), reference);
            assert_eq!(parse(familiar), reference);
        }
    }

    #[test]
    fn digests() {
        let reference = parse(&format!("alpine@{SHA}"));
        assert_eq!(
            (reference.tag(), reference.digest().unwrap().as_str()),
            (None, SHA)
        );
        let both = parse(&format!("alpine:3@{SHA}"));
        assert_eq!(both.familiar(), format!("alpine:3@{SHA}"));
        assert_eq!(both.with_tag("x").unwrap().familiar(), "alpine:x");
        assert_eq!(
            both.with_digest(Digest::sha256(b"")).familiar(),
            format!("alpine@{SHA}")
        );
        assert!(both.with_tag("..").is_err());
    }

    #[test]
    fn qualified() {
        assert!(!Reference::is_qualified("alpine:3"));
        assert!(!Reference::is_qualified("me/app"));
        assert!(Reference::is_qualified("localhost/app"));
        assert!(Reference::is_qualified("host:1/app"));
    }

    #[test]
    fn refused() {
        for bad in [
            "",
            ":tag",
            "a:",
            "a:-x",
            "a b",
            "A",
            "me/App",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a._b",
            "a//b",
            "/a",
            "a/",
            "../a",
            "a@sha256:abc",
            "a@",
            "a:x:y",
            "host.:x/a",
            "host-/a.b/c-",
            "-h.io/a",
            "h..io/a",
            "h.io:99999/a",
            "h.io:+1/a",
            "[::1/a",
            "[xyz]/a.b",
            "ä",
            "https://h.io/a",
            &"a".repeat(256),
            &format!("a:{}", "t".repeat(129)),
            &SHA[7..],
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
