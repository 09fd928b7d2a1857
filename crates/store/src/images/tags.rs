//! References, and the manifest or index that each of them means here.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use oci::{Descriptor, Digest, Reference};
use serde::{Deserialize, Serialize};

use crate::store::{Durability, read_small};
use crate::{Error, Store, hex};

/// No tag's file is longer than this: a descriptor with annotations.
const MAX_TAG_SIZE: u64 = 1 << 20;

/// The longest name of a file that file systems take, with some room.
const MAX_FILE_NAME: usize = 240;

/// A reference and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The reference.
    pub reference: Reference,
    /// The manifest or index.
    pub descriptor: Descriptor,
    /// The digest under which the reference's registry has it, as far as is known here: it was pushed or pulled, and is
    /// what it was then. It may be another manifest, for layers are compressed on the way.
    pub published: Option<Digest>,
}

/// A tag's file. It holds the reference too, since a very long one does not fit in a file name.
#[derive(Serialize, Deserialize)]
struct TagFile {
    reference: String,
    descriptor: Descriptor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Digest>,
}

impl Store {
    /// Lets a reference mean a manifest or an index. What it meant before loses the name.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn tag(&self, reference: &Reference, descriptor: &Descriptor) -> Result<(), Error> {
        if self.tagged(reference)?.as_ref() == Some(descriptor) {
            return Ok(());
        }
        self.write_tag(&TagFile {
            reference: reference.to_string(),
            descriptor: descriptor.clone(),
            published: None,
        })
    }

    fn write_tag(&self, file: &TagFile) -> Result<(), Error> {
        let bytes = serde_json::to_vec(file).expect("a tag has only string keys");
        let path = self.layout().tags().join(file_name(&file.reference));
        self.write(&path, &bytes, Durability::Cached)
    }

    /// Notes under which digest the registry of a reference has what the reference means here: after it was pushed or pulled.
    /// Nothing is noted if the reference means something else by now.
    ///
    /// # Errors
    /// [`Error::Io`] if the tag's file cannot be read or written.
    pub fn note_published(
        &self,
        reference: &Reference,
        meaning: &Descriptor,
        digest: &Digest,
    ) -> Result<(), Error> {
        let Some(tag) = self.read_tag(&self.tag_path(reference))? else {
            return Ok(());
        };
        if tag.descriptor.digest != meaning.digest || tag.published.as_ref() == Some(digest) {
            return Ok(());
        }
        self.write_tag(&TagFile {
            reference: tag.reference.to_string(),
            descriptor: tag.descriptor,
            published: Some(digest.clone()),
        })
    }

    /// [`Tag::published`] of a reference.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn published(&self, reference: &Reference) -> Result<Option<Digest>, Error> {
        let tag = self.read_tag(&self.tag_path(reference))?;
        Ok(tag.and_then(|tag| tag.published))
    }

    /// Takes a reference away; `false` if there was none. The image stays.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be removed.
    pub fn untag(&self, reference: &Reference) -> Result<bool, Error> {
        let path = self.tag_path(reference);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("remove", &path)(e)),
        }
    }

    /// What exactly this reference means, if anything.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn tagged(&self, reference: &Reference) -> Result<Option<Descriptor>, Error> {
        let tag = self.read_tag(&self.tag_path(reference))?;
        Ok(tag
            .filter(|tag| tag.reference == *reference)
            .map(|tag| tag.descriptor))
    }

    /// When a reference came to mean what it means; `None` if it means nothing.
    #[must_use]
    pub fn tagged_at(&self, reference: &Reference) -> Option<SystemTime> {
        let metadata = fs::metadata(self.tag_path(reference));
        metadata.and_then(|metadata| metadata.modified()).ok()
    }

    /// All references, sorted.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn tags(&self) -> Result<Vec<Tag>, Error> {
        let dir = self.layout().tags();
        let mut tags = Vec::new();
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let path = entry.map_err(Error::io("list", &dir))?.path();
            tags.extend(self.read_tag(&path)?);
        }
        tags.sort_by(|a, b| a.reference.cmp(&b.reference));
        Ok(tags)
    }

    /// Reads a tag's file. One that is gone, damaged or under the wrong name counts as none.
    fn read_tag(&self, path: &Path) -> Result<Option<Tag>, Error> {
        let Some(bytes) = read_small(path, MAX_TAG_SIZE)? else {
            return Ok(None);
        };
        let Ok(file) = serde_json::from_slice::<TagFile>(&bytes) else {
            return Ok(None);
        };
        let Ok(reference) = file.reference.parse::<Reference>() else {
            return Ok(None);
        };
        let right = self.tag_path(&reference) == path;
        Ok(right.then_some(Tag {
            reference,
            descriptor: file.descriptor,
            published: file.published,
        }))
    }

    fn tag_path(&self, reference: &Reference) -> PathBuf {
        self.layout().tags().join(file_name(&reference.to_string()))
    }
}

/// The reference with everything but letters, digits, `.`, `_` and `-` as `%` and two digits. `%` is in no other
/// place, so no two references meet; a name too long for a file is `%%` and its digest.
fn file_name(reference: &str) -> String {
    let mut name = String::with_capacity(reference.len() + 8);
    for byte in reference.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => name.push(byte.into()),
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    if name.len() <= MAX_FILE_NAME {
        name
    } else {
        format!("%%{}", hex::encode(&hex::sha256(reference.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names() {
        assert_eq!(
            file_name("docker.io/library/alpine:3"),
            "docker.io%2Flibrary%2Falpine%3A3"
        );
        assert_eq!(file_name("[::1]:5000/a"), "%5B%3A%3A1%5D%3A5000%2Fa");
        let long = format!("docker.io/library/{}:t", "a".repeat(237));
        assert!(file_name(&long).starts_with("%%"));
        assert!(file_name(&long).len() <= MAX_FILE_NAME);
    }
}
