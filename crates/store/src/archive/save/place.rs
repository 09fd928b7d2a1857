//! Where saved images go: into a tar, or into a directory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci::tar::{Entry, Kind, Writer};
use oci::{Descriptor, Digest, Index};

use super::super::ArchiveOut;
use super::super::layout::IMAGE_NAME;
use crate::blobs::BlobContent;
use crate::{Error, Store};

/// Takes the files of an image layout.
pub(super) trait Place {
    /// Makes a directory.
    fn directory(&mut self, name: &str) -> Result<(), Error>;

    /// Whether a blob is there already.
    fn has(&self, blob: &Descriptor) -> bool;

    /// Writes a blob of the store.
    fn blob(&mut self, name: &str, blob: &Descriptor, store: &Store) -> Result<(), Error>;

    /// Writes a file that is in memory.
    fn document(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error>;
}

/// Where a blob is in a layout.
pub(super) fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

/// A tar. All its members are of 1970, so that the same images make the same bytes.
pub(super) struct Archive<'a> {
    writer: Writer<&'a mut dyn ArchiveOut>,
}

impl<'a> Archive<'a> {
    pub(super) fn new(out: &'a mut dyn ArchiveOut) -> Archive<'a> {
        Archive {
            writer: Writer::new(out),
        }
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        self.writer
            .finish()
            .map_err(|source| Error::WriteArchive { source })?;
        Ok(())
    }

    fn append(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), Error> {
        let written = self.writer.append(entry, content);
        written.map_err(|source| Error::WriteArchive { source })
    }
}

fn member(name: &str, size: u64) -> Entry {
    Entry {
        size,
        ..Entry::new(name, Kind::File, 0o644)
    }
}

impl Place for Archive<'_> {
    fn directory(&mut self, name: &str) -> Result<(), Error> {
        self.append(&Entry::new(name, Kind::Directory, 0o755), &mut io::empty())
    }

    fn has(&self, _: &Descriptor) -> bool {
        false
    }

    fn blob(&mut self, name: &str, blob: &Descriptor, store: &Store) -> Result<(), Error> {
        let entry = member(name, blob.size);
        match store.blob_content(&blob.digest)? {
            BlobContent::File(file) => self
                .writer
                .append_with(&entry, |out| out.write_file(&file, blob.size))
                .map_err(|source| Error::WriteArchive { source }),
            BlobContent::Layer(layer) => self.append(&entry, &mut store.open_remade(&layer)?),
        }
    }

    fn document(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.append(&member(name, bytes.len() as u64), &mut &*bytes)
    }
}

/// A directory of the user's.
pub(super) struct Directory<'a> {
    path: &'a Path,
}

impl Directory<'_> {
    pub(super) fn new(path: &Path) -> Directory<'_> {
        Directory { path }
    }

    /// The entries for the directory's `index.json`: the new ones, and the present ones that do not have their names
    /// or, being without one, their digests.
    pub(super) fn merge(&self, new: Vec<Descriptor>) -> Result<Vec<Descriptor>, Error> {
        let path = self.path.join("index.json");
        let present = match fs::read(&path) {
            Ok(bytes) => Index::parse(&bytes).map_err(|source| Error::MemberDocument {
                name: path.display().to_string(),
                source,
            })?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Index::new(Vec::new()),
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        let name = |entry: &Descriptor| match entry.annotations.get(IMAGE_NAME) {
            Some(name) => name.clone(),
            None => entry.digest.to_string(),
        };
        let mut entries = present.manifests;
        entries.retain(|entry| new.iter().all(|other| name(other) != name(entry)));
        entries.extend(new);
        Ok(entries)
    }

    /// Writes a file beside its place, and replaces what is there in one step.
    fn write(
        &self,
        name: &str,
        content: impl FnOnce(&mut File) -> io::Result<u64>,
    ) -> Result<(), Error> {
        let path = self.path.join(name);
        let temporary = PathBuf::from(format!("{}.carafe-new", path.display()));
        let mut file = File::create(&temporary).map_err(Error::io("create", &temporary))?;
        content(&mut file).map_err(Error::io("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(Error::io("rename a new file to", &path))
    }
}

impl Place for Directory<'_> {
    fn directory(&mut self, name: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).map_err(Error::io("create", &path))
    }

    fn has(&self, blob: &Descriptor) -> bool {
        let path = self.path.join(blob_name(&blob.digest));
        fs::metadata(&path).is_ok_and(|found| found.len() == blob.size)
    }

    fn blob(&mut self, name: &str, blob: &Descriptor, store: &Store) -> Result<(), Error> {
        match store.blob_content(&blob.digest)? {
            BlobContent::File(file) => self.write(name, |out| io::copy(&mut &file, out)),
            BlobContent::Layer(layer) => {
                let mut tar = store.open_remade(&layer)?;
                self.write(name, |out| io::copy(&mut tar, out))
            }
        }
    }

    fn document(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if fs::read(self.path.join(name)).is_ok_and(|present| present == bytes) {
            return Ok(());
        }
        self.write(name, |out| io::copy(&mut &*bytes, out))
    }
}
