//! A layer's tar becomes a directory in the form that overlayfs gives its upper one: image-spec, layer.md, "Applying
//! Changesets".

mod settle;

use std::ffi::OsStr;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use oci::tar::{self, Entry};
use oci::{DiffId, DigestReader};
use rootfs::Root;

use crate::layer_error::{LayerError, root};
use crate::unpack::{Capabilities, Place, Rules, Unpacked, Unpacker, clean};

/// Takes the place of a deleted name: `.wh.NAME`.
const WHITEOUT: &[u8] = b".wh.";

/// What AUFS used for itself; layers of old builders have some. All but the next one mean nothing.
const AUFS: &[u8] = b".wh..wh.";

/// Deletes all that the layers below have in its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// The archive is read so much at a time, and hashed.
const BUFFER: usize = 256 * 1024;

/// A layer that was unpacked by itself. What depends on the layers below is done by [`Applied::settle`].
#[derive(Debug)]
pub struct Applied {
    /// The digest of the tar.
    pub diff_id: DiffId,
    /// The length of the tar.
    pub tar_size: u64,
    /// The bytes of all regular files.
    pub size: u64,
    /// The number of entries.
    pub entries: u64,
    /// Devices that may not be made in a user namespace, and are not there.
    pub skipped: Vec<PathBuf>,
    /// Directories that no entry describes, with links resolved; parents come first.
    implied: Vec<PathBuf>,
    /// Whiteouts that were made.
    whiteouts: Vec<PathBuf>,
    /// Hard links to files that the layer does not have, in the order of the archive: link, target.
    dangling: Vec<(PathBuf, PathBuf)>,
    /// Whether the layer deletes everything below it.
    opaque_root: bool,
}

/// Unpacks a layer, its tar uncompressed, into `directory`, which is empty.
///
/// A whiteout becomes a character device 0:0 and an opaque whiteout an extended attribute of its directory. They
/// apply to the layers below only, wherever in the archive they are. Nothing is written outside of `directory`
/// whatever the archive says. File times, owners, set-user-ID, file capabilities and `user.*` attributes are kept.
///
/// # Errors
/// [`LayerError`].
pub fn apply(layer: impl Read, directory: &Path) -> Result<Applied, LayerError> {
    let top = Root::open(directory).map_err(root("unpack"))?;
    let mut archive = tar::Reader::new(BufReader::with_capacity(BUFFER, DigestReader::new(layer)));
    let mut layer = Layer::new(top)?;
    while let Some(entry) = archive
        .next_entry()
        .map_err(|source| LayerError::Read { source })?
    {
        layer.entry(&entry, &mut archive)?;
    }
    // The diff ID is of all bytes, also of those that no tar reader looks at.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(|source| LayerError::ReadRest { source })?;
    let (_, digest, tar_size) = rest.into_inner().finish();
    layer.finish(DiffId(digest), tar_size)
}

/// A layer being unpacked.
struct Layer {
    unpacker: Unpacker,
    whiteouts: Vec<PathBuf>,
    dangling: Vec<(PathBuf, PathBuf)>,
    opaque_root: bool,
}

impl Layer {
    fn new(top: Root) -> Result<Layer, LayerError> {
        let rules = Rules {
            owner: None,
            capabilities: Capabilities::Required,
            relabel_links: false,
        };
        Ok(Layer {
            unpacker: Unpacker::new(top, rules)?,
            whiteouts: Vec::new(),
            dangling: Vec::new(),
            opaque_root: false,
        })
    }

    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), LayerError> {
        // An entry for the root itself says nothing that containerd or Docker would heed.
        let Some(path) = clean(&entry.path)? else {
            return Ok(());
        };
        let name = path.file_name().unwrap_or_default().to_owned();
        if name.as_bytes().starts_with(WHITEOUT) {
            return self.whiteout(&path, name.as_bytes());
        }
        // Of several entries with one name the last one counts.
        self.dangling.retain(|(link, _)| *link != path);
        let place = self.unpacker.place(path)?;
        match self.unpacker.unpack(entry, &place, content)? {
            Unpacked::Done => {}
            Unpacked::Dangling(target) => self.dangling.push((place.path, target)),
        }
        Ok(())
    }

    fn whiteout(&mut self, path: &Path, name: &[u8]) -> Result<(), LayerError> {
        if name == OPAQUE {
            return self.opaque(path);
        }
        if name.starts_with(AUFS) {
            return Ok(());
        }
        let hidden = &name[WHITEOUT.len()..];
        if matches!(hidden, b"" | b"." | b"..") {
            let reason = "it is a whiteout of no name";
            return Err(LayerError::Entry {
                path: path.to_owned(),
                reason,
            });
        }
        let place = self
            .unpacker
            .place(path.with_file_name(OsStr::from_bytes(hidden)))?;
        let Place { dir, name, path } = place;
        match dir.whiteout(&name) {
            Ok(()) => self.whiteouts.push(path),
            Err(e) if e.io_kind() == Some(io::ErrorKind::AlreadyExists) => {
                keep_but_hide(&dir, &name)?;
            }
            Err(e) => return Err(root("unpack")(e)),
        }
        Ok(())
    }

    fn opaque(&mut self, path: &Path) -> Result<(), LayerError> {
        let place = self.unpacker.place(path.to_owned())?;
        match path.parent() {
            // The kernel heeds the attribute of every directory but the layer's own.
            None => self.opaque_root = true,
            Some(parent) if parent.as_os_str().is_empty() => self.opaque_root = true,
            Some(_) => place.dir.set_opaque().map_err(root("unpack"))?,
        }
        Ok(())
    }

    fn finish(self, diff_id: DiffId, tar_size: u64) -> Result<Applied, LayerError> {
        let summary = self.unpacker.finish()?;
        Ok(Applied {
            diff_id,
            tar_size,
            size: summary.size,
            entries: summary.count,
            skipped: summary.skipped,
            implied: summary.implied.into_iter().collect(),
            whiteouts: self.whiteouts,
            dangling: self.dangling,
            opaque_root: self.opaque_root,
        })
    }
}

/// A layer that deletes a name and has it, too: what it has is new, and nothing from below shows through.
fn keep_but_hide(dir: &rootfs::Dir, name: &OsStr) -> Result<(), LayerError> {
    match dir.open_dir(name) {
        Ok(new) => new.set_opaque().map_err(root("unpack")),
        Err(rootfs::Error::NotADirectory { .. }) => Ok(()),
        Err(e) => Err(root("unpack")(e)),
    }
}
