//! Where saved images go: into a tar, or into a directory.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use oci::tar::{Entry, Kind, Writer};
use oci::{Descriptor, Index};

use super::super::layout::IMAGE_NAME;
use crate::Error;

/// Opens a blob when it is needed.
pub(super) type Open<'a> = &'a mut dyn FnMut() -> Result<Box<dyn Read + Send>, Error>;

/// Takes the files of an image layout.
pub(super) trait Place {
    /// Makes a directory.
    fn directory(&mut self, name: &str) -> Result<(), Error>;

    /// Writes a file.
    fn file(&mut self, name: &str, size: u64, open: Open) -> Result<(), Error>;

    /// Writes a file that is in memory.
    fn document(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let bytes = bytes.to_vec();
        let size = bytes.len() as u64;
        self.file(name, size, &mut || {
            Ok(Box::new(io::Cursor::new(bytes.clone())))
        })
    }
}

/// A tar. All its members are of 1970, so that the same images make the same bytes.
pub(super) struct Archive<'a> {
    writer: Writer<&'a mut dyn Write>,
}

impl<'a> Archive<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Archive<'a> {
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
        self.writer
            .append(entry, content)
            .map_err(|source| Error::WriteArchive { source })
    }
}

impl Place for Archive<'_> {
    fn directory(&mut self, name: &str) -> Result<(), Error> {
        self.append(&Entry::new(name, Kind::Directory, 0o755), &mut io::empty())
    }

    fn file(&mut self, name: &str, size: u64, open: Open) -> Result<(), Error> {
        let entry = Entry {
            size,
            ..Entry::new(name, Kind::File, 0o644)
        };
        self.append(&entry, &mut open()?)
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
}

impl Place for Directory<'_> {
    fn directory(&mut self, name: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).map_err(Error::io("create", &path))
    }

    fn file(&mut self, name: &str, size: u64, open: Open) -> Result<(), Error> {
        let path = self.path.join(name);
        // A blob that is there is the same; index.json and the like are replaced in one step.
        if name.starts_with("blobs/") && fs::metadata(&path).is_ok_and(|found| found.len() == size)
        {
            return Ok(());
        }
        let temporary = PathBuf::from(format!("{}.carafe-new", path.display()));
        let mut file = File::create(&temporary).map_err(Error::io("create", &temporary))?;
        io::copy(&mut open()?, &mut file).map_err(Error::io("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(Error::io("rename a new file to", &path))
    }
}
