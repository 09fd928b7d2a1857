//! A cache in a folder: an OCI image layout (image-spec, image-layout.md).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use oci::{
    BlobError, BlobSource, Descriptor, Digest, Index, MAX_DOCUMENT_SIZE, MediaType, VerifiedReader,
    read_blob,
};
use rustix::fs::{Mode, OFlags};

use super::{Content, FolderPlace, Place};

/// image-spec, annotations.md: the name of a manifest in its layout.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// image-spec, image-layout.md.
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The cache in a folder.
pub(super) struct Folder {
    place: FolderPlace,
    written: AtomicU64,
}

impl Folder {
    pub(super) fn new(place: FolderPlace) -> Self {
        Self {
            place,
            written: AtomicU64::new(0),
        }
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        let blobs = self.place.path.join("blobs");
        blobs.join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// What the folder lists; nothing, if it is none yet.
    fn index(&self) -> Result<Option<Index>, BlobError> {
        let path = self.place.path.join("index.json");
        let file = match open_regular(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path, &error)),
        };
        let mut bytes = Vec::new();
        let mut limited = file.take(MAX_DOCUMENT_SIZE + 1);
        limited
            .read_to_end(&mut bytes)
            .map_err(|error| at(&path, &error))?;
        let index = Index::parse(&bytes).map_err(|error| at(&path, &io::Error::other(error)))?;
        Ok(Some(index))
    }

    /// Writes a file beside its place, and gives it its name when it is whole.
    fn write(&self, path: &Path, content: &mut dyn Read) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let name = format!(".carafe-{}-{number}", std::process::id());
        let new = Removed(path.with_file_name(name));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(&new.0)?;
        io::copy(content, &mut file)?;
        fs::rename(&new.0, path)
    }
}

/// A file that is removed unless it got another name.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens a file; a pipe in its place would be waited at for ever.
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// An error with the file that it is about.
fn at(path: &Path, error: &io::Error) -> BlobError {
    BlobError::Source(format!("cannot use {}: {error}", path.display()).into())
}

impl BlobSource for Folder {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let digest = &descriptor.digest;
        match open_regular(&self.blob_path(digest)) {
            Ok(file) => Ok(Box::new(VerifiedReader::new(file, descriptor))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BlobError::NotFound {
                digest: digest.clone(),
            }),
            Err(error) => Err(BlobError::failed("open", digest, error)),
        }
    }
}

impl Place for Folder {
    fn head(&self) -> Result<Option<Vec<u8>>, BlobError> {
        let Some(index) = self.index()? else {
            return Ok(None);
        };
        let wanted = |entry: &&Descriptor| match &self.place.digest {
            Some(digest) => entry.digest == *digest,
            None => entry.annotations.get(REF_NAME) == Some(&self.place.tag),
        };
        match index.manifests.iter().find(wanted) {
            Some(entry) => read_blob(self, entry).map(Some),
            None => Ok(None),
        }
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, BlobError> {
        read_blob(self, descriptor)
    }

    fn holds(&self, blob: &Descriptor) -> Result<bool, BlobError> {
        let there = fs::symlink_metadata(self.blob_path(&blob.digest));
        Ok(there.is_ok_and(|there| there.is_file() && there.len() == blob.size))
    }

    fn send(&self, blob: &Descriptor, content: Content<'_>) -> Result<(), BlobError> {
        let failed = |error| BlobError::failed("write", &blob.digest, error);
        let mut verified = VerifiedReader::new(content().map_err(failed)?, blob);
        self.write(&self.blob_path(&blob.digest), &mut verified)
            .map_err(failed)
    }

    fn set_head(&self, media_type: &MediaType, manifest: &[u8]) -> Result<(), BlobError> {
        let mut entry = Descriptor::of(media_type.clone(), manifest);
        let bytes = manifest.to_vec();
        self.send(&entry, &|| Ok(Box::new(io::Cursor::new(bytes.clone()))))?;
        let tag = self.place.tag.clone();
        entry.annotations.insert(REF_NAME.to_owned(), tag);
        let present = self.index()?.map(|index| index.manifests);
        let mut entries = present.unwrap_or_default();
        entries.retain(|other| other.annotations.get(REF_NAME) != Some(&self.place.tag));
        entries.push(entry);
        let index = Index::new(entries).to_bytes();
        for (name, bytes) in [("oci-layout", OCI_LAYOUT), ("index.json", &index)] {
            let path = self.place.path.join(name);
            self.write(&path, &mut { bytes })
                .map_err(|error| at(&path, &error))?;
        }
        Ok(())
    }
}
