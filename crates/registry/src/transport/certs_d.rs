//! Certificates for single hosts, as docker has them: `certs.d/HOST[:PORT]/` with authorities in `*.crt`, and what
//! this side shows in `*.cert` and `*.key`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, parse_pem};

use crate::error::Error;
use crate::hosts::is_nothing;

/// A longer file holds no certificates.
const LIMIT: u64 = 1 << 20;

/// What one host's folder has.
#[derive(Debug)]
pub(super) struct HostCertificates {
    /// Where it is.
    pub(super) folder: PathBuf,
    /// The authorities that may vouch for the host, besides the others.
    pub(super) authorities: Vec<Certificate<'static>>,
    /// What the host may ask for.
    pub(super) own: Option<ClientCert>,
}

impl HostCertificates {
    /// Reads the folder of a host, as URLs name it, from the first place that has one.
    pub(super) fn find(places: &[PathBuf], host: &str) -> Result<Option<Self>, Error> {
        // Docker Hub's certificates are found by its name.
        let names = match host {
            "registry-1.docker.io" => &["docker.io", host][..],
            _ => &[host],
        };
        let plain = |name: &&str| !name.starts_with('.') && !name.contains('/');
        let folders = places.iter().flat_map(|place| {
            let names = names.iter().filter(|name| plain(name));
            names.map(move |name| place.join(name))
        });
        for folder in folders {
            match fs::read_dir(&folder) {
                Err(error) if is_nothing(&error) => {}
                Err(error) => return Err(failed(&folder, error.to_string())),
                Ok(entries) => return Self::read(folder, entries).map(Some),
            }
        }
        Ok(None)
    }

    /// Reads files that are named one by one; `folder` is what tells them from others.
    pub(super) fn named(
        folder: PathBuf,
        authorities: &[PathBuf],
        own: Option<(&Path, &Path)>,
    ) -> Result<Self, Error> {
        let mut found = Self {
            folder,
            authorities: Vec::new(),
            own: None,
        };
        for path in authorities {
            found.authorities.extend(certificates(path)?);
        }
        if let Some((certificate, key)) = own {
            found.own = Some(pair(certificate, key)?);
        }
        Ok(found)
    }

    fn read(folder: PathBuf, entries: fs::ReadDir) -> Result<Self, Error> {
        let paths: io::Result<Vec<PathBuf>> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect();
        let mut paths = paths.map_err(|error| failed(&folder, error.to_string()))?;
        paths.sort();
        let mut found = Self {
            folder,
            authorities: Vec::new(),
            own: None,
        };
        for path in &paths {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => found.authorities.extend(certificates(path)?),
                Some("cert") => {
                    let own = own(path)?;
                    found.own.get_or_insert(own);
                }
                Some("key") => must_be_there(path, &path.with_extension("cert"))?,
                _ => {}
            }
        }
        Ok(found)
    }
}

fn own(path: &Path) -> Result<ClientCert, Error> {
    let key = path.with_extension("key");
    must_be_there(path, &key)?;
    pair(path, &key)
}

/// A certificate and its key, which may be in one file.
fn pair(certificate: &Path, key_path: &Path) -> Result<ClientCert, Error> {
    let text = read(key_path)?;
    let key = PrivateKey::from_pem(&text).map_err(|_| {
        failed(
            key_path,
            "there is no private key in it that needs no password",
        )
    })?;
    let chain = certificates(certificate)?;
    check(&chain, &text).map_err(|reason| failed(certificate, reason))?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

/// Whether a certificate can be shown, with this key: the HTTP client panics with one that cannot.
fn check(chain: &[Certificate<'static>], key: &[u8]) -> Result<(), String> {
    let chain = chain
        .iter()
        .map(|it| CertificateDer::from(it.der().to_vec()));
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| error.to_string())?;
    let provider = rustls::crypto::ring::default_provider();
    match CertifiedKey::from_der(chain.collect(), key, &provider) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err("its key is another one's".to_owned()),
        Err(error) => {
            let text = error.to_string();
            let old = text.contains("UnsupportedCertVersion");
            let old = if old {
                "; it has to be of X.509 version 3"
            } else {
                ""
            };
            Err(format!("it cannot be shown: {text}{old}"))
        }
    }
}

fn must_be_there(path: &Path, other: &Path) -> Result<(), Error> {
    if other.exists() {
        return Ok(());
    }
    Err(failed(path, format!("{} is missing", other.display())))
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, Error> {
    let text = read(path)?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(failed(path, "it is no PEM file")),
        }
    }
    if found.is_empty() {
        return Err(failed(path, "there are none in it"));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
        .map_err(|error| failed(path, error.to_string()))?;
    Ok(bytes)
}

fn failed(path: &Path, reason: impl Into<String>) -> Error {
    Error::Certificates {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
