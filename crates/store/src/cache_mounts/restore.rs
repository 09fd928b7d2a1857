//! A packed cache mount becomes a directory again.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use oci::compression::decoder;
use oci::{BlobSource, Descriptor};
use rootfs::{Attributes, Dir, Root, Union};

use super::index::{DIRECTORY, MountIndex, escaped, unescaped};
use crate::{Changes, Error, apply};

impl MountIndex {
    /// Unpacks all files into a directory, which is empty, with their owners, modes and times. Nothing is written
    /// outside of it, whatever index and packs say; what a pack has and the index does not is not there.
    ///
    /// # Errors
    /// [`Error::Source`] and [`Error::ReadBlob`] if a pack cannot be had or is not what its descriptor says,
    /// [`Error::UnpackLayer`] if it cannot be unpacked; [`Error::Root`].
    pub fn restore(&self, source: &dyn BlobSource, directory: &Path) -> Result<(), Error> {
        for blob in self.blobs() {
            restore_pack(source, blob, directory)?;
        }
        self.drop_others(directory)?;
        self.set_times(directory)
    }

    /// Removes what earlier packs have and was deleted later.
    fn drop_others(&self, directory: &Path) -> Result<(), Error> {
        if self.packs.iter().all(|pack| pack.live == pack.bytes) && self.packs.len() < 2 {
            return Ok(());
        }
        let listed: HashSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let failed = |source| Error::Root { source };
        let nothing = Union::new(Vec::new());
        let mut others = Vec::new();
        for change in Changes::new(&nothing, Dir::open(directory).map_err(failed)?)? {
            let path = change?.entry.path;
            if !listed.contains(escaped(&path).as_str()) {
                others.push(path);
            }
        }
        let root = Root::open(directory).map_err(failed)?;
        for path in others.iter().rev() {
            let (parent, name) = root.parent_of(OsStr::from_bytes(path)).map_err(failed)?;
            let is_dir = parent
                .stat(&name)
                .map_err(failed)?
                .is_some_and(|m| m.is_dir());
            match is_dir {
                true => parent.remove_dir(&name),
                false => parent.remove_file(&name),
            }
            .map_err(failed)?;
        }
        Ok(())
    }

    /// Gives directories their times: what came into them later has changed those.
    fn set_times(&self, directory: &Path) -> Result<(), Error> {
        let root = Root::open(directory).map_err(|source| Error::Root { source })?;
        let directories = { self.files.iter() }.filter(|file| file.kind == DIRECTORY);
        for file in directories {
            let path = unescaped(&file.path);
            // A hostile index may call anything a directory: then there is none to be changed.
            if let Ok(dir) = root.open_dir(OsStr::from_bytes(&path)) {
                let time = Attributes {
                    mtime: Some(file.mtime),
                    ..Attributes::default()
                };
                dir.set_own_attributes(&time)
                    .map_err(|source| Error::Root { source })?;
            }
        }
        Ok(())
    }
}

fn restore_pack(source: &dyn BlobSource, blob: &Descriptor, directory: &Path) -> Result<(), Error> {
    let reading = |source| Error::ReadBlob {
        digest: blob.digest.clone(),
        source,
    };
    let content = source
        .open(blob)
        .map_err(|source| Error::Source { source })?;
    let mut content = oci::VerifiedReader::new(content, blob);
    let (_, tar) = decoder(&mut content).map_err(reading)?;
    apply(tar, directory).map_err(|source| Error::UnpackLayer {
        digest: blob.digest.clone(),
        source,
    })?;
    // A decompressor may stop before the end of the blob, all of which is what has the digest.
    std::io::copy(&mut content.by_ref().take(u64::MAX), &mut std::io::sink()).map_err(reading)?;
    Ok(())
}
