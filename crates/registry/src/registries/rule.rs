use oci::Reference;
use serde::Deserialize;

use crate::{Endpoint, Error};

/// What a `[[registry]]` table says of the names that begin with its prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) prefix: String,
    /// What takes the place of the prefix; `None` leaves the name as it is.
    pub(super) location: Option<String>,
    pub(super) insecure: bool,
    pub(super) blocked: bool,
    pub(super) mirrors: Vec<Mirror>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mirror {
    pub(super) location: String,
    pub(super) insecure: bool,
    pub(super) pull_from: PullFrom,
}

/// Which references are asked of a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PullFrom {
    All,
    DigestOnly,
    TagOnly,
}

impl Rule {
    /// How many bytes of a full name the prefix is, if it is one; whole components only.
    pub(super) fn matches(&self, name: &str) -> Option<usize> {
        let end = match self.prefix.strip_prefix('*') {
            None => name
                .starts_with(&self.prefix)
                .then_some(self.prefix.len())?,
            Some(domain) => {
                let host = name.split('/').next().unwrap_or_default();
                let bare = host.strip_suffix(domain)?;
                (!bare.is_empty()).then_some(host.len())?
            }
        };
        // In a host, the colon is not the tag's.
        let after_repository = self.prefix.contains('/');
        match name.as_bytes().get(end) {
            None | Some(b'/') => Some(end),
            Some(b':' | b'@') if after_repository => Some(end),
            Some(_) => None,
        }
    }

    /// Where `reference` is, of which the prefix is `matched` bytes.
    pub(super) fn endpoints(
        &self,
        reference: &Reference,
        matched: usize,
    ) -> Result<Vec<Endpoint>, Error> {
        if self.blocked {
            return Err(Error::Blocked {
                reference: reference.to_string(),
            });
        }
        let name = reference.name();
        // A prefix may be as precise as a tag or a digest; the location then stands for all of it.
        let rest = name.get(matched..).unwrap_or_default();
        let by_digest = reference.digest().is_some();
        let mut endpoints = Vec::new();
        for mirror in self
            .mirrors
            .iter()
            .filter(|mirror| mirror.pull_from.takes(by_digest))
        {
            let place = Endpoint::at(&format!("{}{rest}", mirror.location), reference)?;
            endpoints.push(place.with_insecure(mirror.insecure).into_mirror());
        }
        let place = match &self.location {
            Some(location) => Endpoint::at(&format!("{location}{rest}"), reference)?,
            None => Endpoint::of(reference),
        };
        endpoints.push(place.with_insecure(self.insecure));
        Ok(endpoints)
    }
}

impl PullFrom {
    fn takes(self, by_digest: bool) -> bool {
        match self {
            Self::All => true,
            Self::DigestOnly => by_digest,
            Self::TagOnly => !by_digest,
        }
    }
}
