//! containerd's `hosts.toml`: for each registry a folder that says where else it is to be had, and how to get there.

mod file;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::http::Uri;

use crate::proxies::is_loopback;
use crate::{Endpoint, Error};

/// The file, in the folder of a host.
const FILE: &str = "hosts.toml";

/// The folder for hosts that have none.
const DEFAULT: &str = "_default";

/// No such file is longer.
const MAX_SIZE: u64 = 1 << 20;

/// How a registry, or a mirror of it, is to be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostSettings {
    /// Whether it is without TLS.
    pub(crate) plain: bool,
    /// Host and port.
    pub(crate) authority: String,
    /// What stands before the repository: `/v2`, unless something else is said.
    pub(crate) prefix: String,
    /// Whether nobody needs to vouch for it.
    pub(crate) skip_verify: bool,
    /// What it gets with each request.
    pub(crate) headers: Vec<(String, String)>,
    /// Files of authorities that may vouch for it.
    pub(crate) authorities: Vec<PathBuf>,
    /// What it may ask for: a certificate and its key; one file may hold both.
    pub(crate) own: Option<(PathBuf, PathBuf)>,
    /// What it is asked for.
    pub(crate) capabilities: Capabilities,
    /// The registry that it stands in for, which it is told of if it is another: `?ns=`.
    pub(crate) namespace: Option<String>,
    /// The file that says so.
    pub(crate) file: PathBuf,
}

/// What a host is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// Manifests by their digests, and blobs.
    pub(crate) pull: bool,
    /// What a tag means.
    pub(crate) resolve: bool,
    /// To take something.
    pub(crate) push: bool,
}

impl Capabilities {
    pub(crate) const ALL: Self = Self {
        pull: true,
        resolve: true,
        push: true,
    };
}

/// What `hosts.toml` says: the hosts to ask in their order, the registry itself last.
pub(crate) struct Hosts(Vec<HostSettings>);

/// Puts in the place of registries what `hosts.toml` says of them. Mirrors, and what is not configured, stay.
pub(crate) fn expand(endpoints: Vec<Endpoint>, places: &[PathBuf]) -> Result<Vec<Endpoint>, Error> {
    let mut expanded = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        let hosts = match endpoint.is_mirror() {
            true => None,
            false => find(places, endpoint.host())?,
        };
        match hosts {
            None => expanded.push(endpoint),
            Some(Hosts(hosts)) => {
                let hosts = hosts.into_iter().map(Arc::new);
                expanded.extend(hosts.map(|host| endpoint.with_settings(host)));
            }
        }
    }
    Ok(expanded)
}

/// The configuration of a host: in the first place that has one for it, or else one for all.
fn find(places: &[PathBuf], host: &str) -> Result<Option<Hosts>, Error> {
    // containerd takes both, as not every file system has colons.
    let ported = host
        .rsplit_once(':')
        .map(|(name, port)| format!("{name}_{port}_"));
    let names = [Some(host), ported.as_deref(), Some(DEFAULT)];
    for name in names.into_iter().flatten() {
        if name.starts_with('.') || name.contains('/') {
            continue;
        }
        for place in places {
            let path = place.join(name).join(FILE);
            if let Some(text) = read(&path)? {
                let hosts = file::parse(&text, host, &path);
                return hosts
                    .map(Some)
                    .map_err(|reason| Error::ConfigInvalid { path, reason });
            }
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_SIZE + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > MAX_SIZE => Err(Error::ConfigInvalid {
            path: path.to_owned(),
            reason: "it is longer than 1 MiB".to_owned(),
        }),
        Ok(_) => Ok(Some(text)),
        Err(error) if is_nothing(&error) => Ok(None),
        Err(source) => Err(Error::ConfigRead {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Whether there is simply no such file or folder.
pub(crate) fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// A host as the file writes it: a URL, or a host and perhaps a port and a path, for which TLS goes without saying unless
/// they are on this machine. Whether it is without TLS, its host and port, and its path.
fn place(text: &str) -> Result<(bool, String, String), String> {
    let wrong = || format!("`{text}` is no URL: it is like https://mirror.example.com");
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let plain = match scheme {
        Some("http") => true,
        Some("https") => false,
        Some(_) => return Err(wrong()),
        None => is_loopback(
            authority
                .rsplit_once(':')
                .map_or(authority, |(name, _)| name),
        ),
    };
    let uri: Uri = format!("https://{authority}{path}")
        .parse()
        .map_err(|_| wrong())?;
    let has_user = authority.contains('@');
    if uri.host().is_none_or(str::is_empty) || has_user || uri.query().is_some() {
        return Err(wrong());
    }
    // Docker Hub's registry is not where its name says.
    let authority = match authority {
        "docker.io" => "registry-1.docker.io",
        other => other,
    };
    Ok((
        plain,
        authority.to_owned(),
        path.trim_end_matches('/').to_owned(),
    ))
}
