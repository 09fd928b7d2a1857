//! The members of an archive, as files beside their places in the store.
//!
//! An archive is a stream, and what says how its members belong together may come last. So every file goes to the
//! disk as it comes, with its digest taken on the way; what turns out to be a blob of an image is renamed into place,
//! and the rest is dropped. Names in the archive are looked up in a map and never become names of files.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use oci::tar::{Entry, Kind};
use oci::{Algorithm, Digest, MAX_DOCUMENT_SIZE, compression, tar};
use rootfs::Root;

use crate::{BlobWriter, Error, NewBlob, Store};

/// The most links that are followed from one name.
const MAX_LINKS: usize = 16;

/// The most members that an archive of images has.
const MAX_MEMBERS: usize = 1 << 17;

/// The files of an archive by their names, without `.` and `..`.
#[derive(Debug)]
pub(super) struct Members {
    files: HashMap<Vec<u8>, NewBlob>,
    /// Older `docker save` links layers that images share.
    links: HashMap<Vec<u8>, Vec<u8>>,
}

impl Members {
    /// Reads a whole archive.
    pub(super) fn read(store: &Store, archive: &mut (dyn Read + Send)) -> Result<Members, Error> {
        let unreadable = |source| Error::Read {
            what: "the archive".to_owned(),
            source,
        };
        let (_, plain) = compression::decoder(archive).map_err(unreadable)?;
        let mut reader = tar::Reader::new(std::io::BufReader::with_capacity(128 << 10, plain));
        let mut members = Members {
            files: HashMap::new(),
            links: HashMap::new(),
        };
        while let Some(entry) = reader
            .next_entry()
            .map_err(|source| Error::Archive { source })?
        {
            members.add(store, &entry, &mut reader)?;
        }
        Ok(members)
    }

    /// Reads the files of an archive that lie in a directory: documents and blobs, and nothing else.
    pub(super) fn read_directory(
        store: &Store,
        directory: &Path,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Members, Error> {
        let unreadable = |source| Error::Root { source };
        let root = Root::open(directory).map_err(unreadable)?;
        let mut members = Members {
            files: HashMap::new(),
            links: HashMap::new(),
        };
        let mut folders = vec![String::new()];
        folders.extend([Algorithm::Sha256, Algorithm::Sha512].map(|of| format!("blobs/{of}")));
        for folder in folders {
            let dir = match root.open_dir(if folder.is_empty() { "." } else { &folder }) {
                Err(e) if !folder.is_empty() && is_missing(&e) => continue,
                opened => opened.map_err(unreadable)?,
            };
            for entry in dir.entries().map_err(unreadable)? {
                let Some(name) = entry.name.to_str() else {
                    continue;
                };
                let path = match folder.as_str() {
                    "" => name.to_owned(),
                    folder => format!("{folder}/{name}"),
                };
                let is_wanted = match folder.is_empty() {
                    true => name.ends_with(".json"),
                    false => blob_digest(path.as_bytes()).is_some(),
                };
                if !is_wanted {
                    continue;
                }
                if !go_on() {
                    return Err(Error::Stopped);
                }
                let mut file = root.open_file(&path).map_err(unreadable)?;
                members.put(store, path.into_bytes(), &mut file)?;
            }
        }
        Ok(members)
    }

    fn put(&mut self, store: &Store, name: Vec<u8>, content: &mut dyn Read) -> Result<(), Error> {
        if self.files.len() + self.links.len() >= MAX_MEMBERS {
            return Err(Error::Member {
                name: printable(&name),
                problem: "is one too many: archives of images have fewer",
            });
        }
        let blob = store_member(store, &name, content)?;
        self.links.remove(&name);
        self.files.insert(name, blob);
        Ok(())
    }

    fn add(&mut self, store: &Store, entry: &Entry, content: &mut dyn Read) -> Result<(), Error> {
        let problem = |problem| Error::Member {
            name: printable(&entry.path),
            problem,
        };
        if self.files.len() + self.links.len() >= MAX_MEMBERS {
            return Err(problem("is one too many: archives of images have fewer"));
        }
        let name = clean(b"", &entry.path).ok_or_else(|| problem("is outside of the archive"))?;
        let parent = || {
            name.iter()
                .rposition(|b| *b == b'/')
                .map_or(&b""[..], |slash| &name[..slash])
        };
        let target = match &entry.kind {
            Kind::File => return self.put(store, name, content),
            Kind::Symlink(target) => clean(parent(), target),
            Kind::Hardlink(target) => clean(b"", target),
            Kind::Directory => return Ok(()),
            _ => return Err(problem("is neither a file nor a link")),
        };
        let target = target.ok_or_else(|| problem("is a link out of the archive"))?;
        self.files.remove(&name);
        self.links.insert(name, target);
        Ok(())
    }

    /// The file of this name, through links.
    pub(super) fn file(&self, name: &str) -> Option<&NewBlob> {
        let mut name = clean(b"", name.as_bytes())?;
        for _ in 0..MAX_LINKS {
            if let Some(file) = self.files.get(&name) {
                return Some(file);
            }
            name.clone_from(self.links.get(&name)?);
        }
        None
    }

    /// The blob of an OCI image layout. That it has this digest was checked when it was read.
    pub(super) fn blob(&self, digest: &Digest) -> Option<&NewBlob> {
        self.file(&format!("blobs/{}/{}", digest.algorithm(), digest.hex()))
    }

    /// The content of a document.
    pub(super) fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.file(name)
            .map(|file| read_document(file, name))
            .transpose()
    }
}

/// Reads a document that is a member.
pub(super) fn read_document(file: &NewBlob, name: &str) -> Result<Vec<u8>, Error> {
    if file.size() > MAX_DOCUMENT_SIZE {
        return Err(Error::Member {
            name: printable(name.as_bytes()),
            problem: "is too long for a document",
        });
    }
    let mut bytes = Vec::new();
    let what = || format!("the archive's {}", printable(name.as_bytes()));
    file.open()?
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read {
            what: what(),
            source,
        })?;
    Ok(bytes)
}

/// Writes a member to the disk. One in the place of a blob must be that blob.
fn store_member(store: &Store, name: &[u8], content: &mut dyn Read) -> Result<NewBlob, Error> {
    let expected = blob_digest(name);
    let algorithm = expected
        .as_ref()
        .map_or(Algorithm::Sha256, Digest::algorithm);
    let mut writer = BlobWriter::create(store.clone(), algorithm)?;
    let what = || format!("the archive's {}", printable(name));
    writer.copy(content).map_err(|source| Error::Read {
        what: what(),
        source,
    })?;
    let blob = writer.finish();
    match expected {
        Some(expected) if expected != *blob.digest() => {
            let source = oci::Error::DigestMismatch {
                expected: expected.clone(),
                actual: blob.digest().clone(),
            };
            Err(Error::Content {
                digest: expected,
                source,
            })
        }
        _ => Ok(blob),
    }
}

fn is_missing(error: &rootfs::Error) -> bool {
    error.io_kind() == Some(std::io::ErrorKind::NotFound)
}

/// The digest that the name of a blob in an image layout gives.
fn blob_digest(name: &[u8]) -> Option<Digest> {
    let name = std::str::from_utf8(name).ok()?;
    let (algorithm, hex) = name.strip_prefix("blobs/")?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}

/// `path` from `base` without empty parts, `.` and `..`; `None` if it leads out.
fn clean(base: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let base = if path.starts_with(b"/") { b"" } else { base };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in base.split(|b| *b == b'/').chain(path.split(|b| *b == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

/// A name for a message.
pub(super) fn printable(name: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(name).chars().take(200).collect();
    text.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let clean = |base: &str, path: &str| {
            clean(base.as_bytes(), path.as_bytes()).map(|name| String::from_utf8(name).unwrap())
        };
        assert_eq!(clean("", "./a//b/").as_deref(), Some("a/b"));
        assert_eq!(clean("", "/a/../b").as_deref(), Some("b"));
        assert_eq!(clean("x", "../y/layer.tar").as_deref(), Some("y/layer.tar"));
        assert_eq!(clean("x", "/y").as_deref(), Some("y"));
        assert_eq!(clean("", "../a"), None);
        assert_eq!(clean("x", "../../a"), None);
        assert_eq!(clean("", "a/../../b"), None);
    }

    #[test]
    fn digests_in_names() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(blob_digest(format!("blobs/sha256/{hex}").as_bytes()).is_some());
        assert!(blob_digest(format!("blobs/sha256/x/{hex}").as_bytes()).is_none());
        assert!(blob_digest(b"blobs/sha256/short").is_none());
    }
}
