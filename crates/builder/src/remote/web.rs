//! Files of the web: what BuildKit's HTTP source does.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use registry::{Download, DownloadRequest, Downloaded, Version};
use rootfs::{Attributes, Dir};
use serde::{Deserialize, Serialize};
use store::{SnapshotId, SnapshotMeta};

use super::checksum::Summer;
use super::{Checksum, Errand, Fetcher, Found};
use crate::key::{Key, KeyWriter};
use crate::{Error, Event};

/// The name of a file whose URL gives none.
const UNNAMED: &str = "__unnamed__";

/// No file is larger: whoever sends more does so for ever.
const LARGEST: u64 = 256 << 30;

/// What is read and written at a time.
const PIECE: usize = 256 << 10;

/// A file of the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebFile {
    /// Where it is.
    pub url: String,
    /// What it is called here.
    pub name: String,
    /// What it must be. If that is known nobody is asked whether there is a newer one.
    pub checksum: Option<Checksum>,
}

impl WebFile {
    /// A file that is called as the last part of its URL's path.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let request = DownloadRequest {
            url: url.to_owned(),
            ..DownloadRequest::default()
        };
        let path = request.path().unwrap_or_default();
        let name = path.trim_end_matches('/').rsplit('/').next();
        let usable = |name: &&str| !matches!(*name, "" | "." | "..") && !name.contains('\0');
        Self {
            url: url.to_owned(),
            name: name.filter(usable).unwrap_or(UNNAMED).to_owned(),
            checksum: None,
        }
    }

    pub(super) fn define(&self, writer: &mut KeyWriter) {
        writer.text("web");
        writer.text(&self.url);
        writer.text(&self.name);
        let checksum = self.checksum.as_ref().map(ToString::to_string);
        writer.text(&checksum.unwrap_or_default());
    }

    /// What the file is, once its content is known: where it came from is no part of it.
    fn key(&self, content: &Checksum) -> Key {
        let mut writer = KeyWriter::new("web file");
        writer.text(&self.name);
        writer.text(&content.to_string());
        writer.finish()
    }

    /// Where it is kept which version was seen last.
    fn place(&self) -> Key {
        let mut writer = KeyWriter::new("web place");
        writer.text(&self.url);
        writer.text(&self.name);
        writer.finish()
    }

    /// Its host, for the names of secrets.
    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host)
    }
}

/// The version of a file that was seen last.
#[derive(Serialize, Deserialize)]
struct Seen {
    checksum: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl Fetcher<'_> {
    /// Finds out what the file is: by its checksum, or by asking whether the version that was seen last still holds.
    /// If it does not there is no way but to fetch it.
    pub(super) fn find_file(&self, file: &WebFile, errand: Errand) -> Result<Found, Error> {
        let found = |content: &Checksum, snapshot: Option<SnapshotId>| Found {
            key: file.key(content),
            snapshot,
            told: false,
            commit: None,
        };
        if let Some(checksum) = &file.checksum {
            return Ok(found(checksum, None));
        }
        let seen = if errand.anew { None } else { self.seen(file) };
        let known = seen.as_ref().map(|(_, _, version)| version.clone());
        match (self.ask(file, known)?, seen) {
            (Downloaded::Unchanged, Some((content, snapshot, _))) => {
                Ok(found(&content, Some(snapshot)))
            }
            (Downloaded::Unchanged, None) => unreachable!("it was not asked about a version"),
            (Downloaded::Content(download), _) => {
                let version = download.version().clone();
                let (content, snapshot) = self.keep(file, download, errand)?;
                if version.is_known() {
                    self.see(file, &content, &version, &snapshot)?;
                }
                Ok(Found {
                    told: true,
                    ..found(&content, Some(snapshot))
                })
            }
        }
    }

    /// Fetches a file whose checksum is known.
    pub(super) fn fetch_file(&self, file: &WebFile, errand: Errand) -> Result<SnapshotId, Error> {
        match self.ask(file, None)? {
            Downloaded::Content(download) => Ok(self.keep(file, download, errand)?.1),
            Downloaded::Unchanged => unreachable!("it was not asked about a version"),
        }
    }

    /// The version that was seen last, if its file is still there.
    fn seen(&self, file: &WebFile) -> Option<(Checksum, SnapshotId, Version)> {
        let record = self.environment.store.record(&file.place().0).ok()??;
        let seen: Seen = serde_json::from_value(record.payload).ok()?;
        let version = Version {
            etag: seen.etag,
            last_modified: seen.last_modified,
        };
        Some((seen.checksum.parse().ok()?, record.snapshot?, version))
    }

    fn see(
        &self,
        file: &WebFile,
        content: &Checksum,
        version: &Version,
        snapshot: &SnapshotId,
    ) -> Result<(), Error> {
        let seen = Seen {
            checksum: content.to_string(),
            etag: version.etag.clone(),
            last_modified: version.last_modified.clone(),
        };
        let record = store::Record {
            snapshot: Some(snapshot.clone()),
            payload: serde_json::to_value(seen).expect("it has only plain fields"),
        };
        Ok(self
            .environment
            .store
            .put_record(&file.place().0, &record)?)
    }

    fn ask(&self, file: &WebFile, known: Option<Version>) -> Result<Downloaded, Error> {
        let host = file.host();
        let names = [
            format!("HTTP_AUTH_HEADER_{host}"),
            format!("HTTP_AUTH_TOKEN_{host}"),
        ];
        let authorization = self.secret(&names)?.map(|(name, value)| {
            let value = String::from_utf8_lossy(&value).trim().to_owned();
            if name.starts_with("HTTP_AUTH_TOKEN_") {
                format!("Bearer {value}")
            } else {
                value
            }
        });
        let request = DownloadRequest {
            url: file.url.clone(),
            authorization,
            known,
        };
        self.environment
            .registry
            .download(&request)
            .map_err(Error::download)
    }

    /// Writes what comes to a snapshot, and checks it. The file is root's, with mode 0600 and the time that the
    /// server gives, or that of 1970.
    fn keep(
        &self,
        file: &WebFile,
        mut download: Box<Download>,
        errand: Errand,
    ) -> Result<(Checksum, SnapshotId), Error> {
        (self.environment.events)(Event::Started(errand.step));
        let draft = self.environment.store.draft()?;
        let dir = Dir::open(draft.dir())?;
        let mut out = dir.create_file(&file.name, 0o600)?;
        let wrote = |source| Error::Write {
            path: PathBuf::from(&file.name),
            source,
        };
        let mut summer = Summer::like(file.checksum.as_ref());
        let (mut piece, mut done) = (vec![0; PIECE], 0_u64);
        loop {
            let read = download.read(&mut piece).map_err(Error::broken_download)?;
            if read == 0 {
                break;
            }
            done += read as u64;
            if done > LARGEST {
                let (what, limit) = (file.url.clone(), LARGEST);
                return Err(Error::DownloadTooLarge { what, limit });
            }
            summer.update(&piece[..read]);
            out.write_all(&piece[..read]).map_err(wrote)?;
            (self.environment.events)(Event::Progress {
                step: errand.step,
                what: file.name.clone(),
                done,
                total: download.total(),
            });
        }
        let content = summer.finish();
        if file
            .checksum
            .as_ref()
            .is_some_and(|expected| *expected != content)
        {
            return Err(Error::Checksum {
                what: file.url.clone(),
                expected: file
                    .checksum
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string),
                actual: content.to_string(),
            });
        }
        let attributes = Attributes {
            mode: Some(0o600),
            owner: Some((0, 0)),
            mtime: Some((seconds(download.version().modified()), 0)),
        };
        attributes.apply_to(&out).map_err(wrote)?;
        let snapshot = draft.commit(&SnapshotId::random(), &SnapshotMeta::default())?;
        (self.environment.events)(Event::Finished(errand.step));
        Ok((content, snapshot.id().clone()))
    }
}

/// Seconds since 1970; a file without a time is of then.
fn seconds(time: Option<SystemTime>) -> i64 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (url, name) in [
            ("http://h/a/file.txt?x=1#y", "file.txt"),
            ("http://h/a%20b", "a b"),
            ("http://h/dir/", "dir"),
            ("http://h/", UNNAMED),
            ("http://h", UNNAMED),
            ("http://h/a/..", UNNAMED),
            ("http://h/a%2F..%2f..", UNNAMED),
            ("http://h/a%00", UNNAMED),
            ("http://user:pass@h/x", "x"),
        ] {
            assert_eq!(WebFile::new(url).name, name, "{url}");
        }
        assert_eq!(WebFile::new("https://me:s@h:1/x").host(), "h:1");
    }
}
