//! Packing a cache mount: only files that changed since it was packed the last time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use oci::compression::Encoder;
use oci::tar::Writer;
use oci::{Compression, Descriptor, DigestWriter, MediaType};
use rootfs::{Dir, Union};

use super::CacheMount;
use super::index::{MountFile, MountIndex, MountPack};
use crate::{Change, Changes, Error, Scratch, Store};

/// A pack is ended when its files have so many bytes.
const PACK: u64 = 128 << 20;

/// A pack of which less than this part is still of use is packed again: one in so many.
const LIVE: u64 = 2;

/// When there are more packs than this, those that are less than half full are put together.
const PACKS: usize = 12;

/// A cache mount that was packed.
#[derive(Debug)]
pub struct PackedMount {
    /// What it holds, and where.
    pub index: MountIndex,
    new: Vec<(Descriptor, PathBuf)>,
    _scratch: Scratch,
}

impl PackedMount {
    /// Opens a pack that was made now; `None` for one that was made before.
    #[must_use]
    pub fn open(&self, blob: &Descriptor) -> Option<io::Result<File>> {
        let (_, path) = self.new.iter().find(|(new, _)| new.digest == blob.digest)?;
        Some(File::open(path))
    }
}

impl CacheMount {
    /// Packs what is not in the packs of `before` as it is now. Files whose names begin with `.wh.`, sockets and
    /// overlayfs's whiteouts are left out. `proceed` is asked before each file.
    ///
    /// # Errors
    /// [`Error::Layer`] if a file cannot be read, [`Error::WriteArchive`] and [`Error::Io`] if a pack cannot be written;
    /// [`Error::Stopped`].
    pub fn pack(
        &self,
        store: &Store,
        before: Option<&MountIndex>,
        proceed: &dyn Fn() -> bool,
    ) -> Result<PackedMount, Error> {
        let upper = Dir::open(self.path()).map_err(|source| Error::Root { source })?;
        let nothing = Union::new(Vec::new());
        let known = before.map(MountIndex::by_path).unwrap_or_default();
        let old = before.map_or(&[][..], |before| &before.packs);
        let mut packer = Packer {
            scratch: store.scratch()?,
            kept: kept(old),
            known,
            open: None,
            new: Vec::new(),
            files: Vec::new(),
            first_new: old.len(),
        };
        for change in Changes::new(&nothing, upper)?.with_exact_times() {
            if !proceed() {
                return Err(Error::Stopped);
            }
            packer.take(change?)?;
        }
        packer.finish(old)
    }
}

/// Which packs stay: those of which enough is still of use, and small ones only as long as there are few.
fn kept(packs: &[MountPack]) -> Vec<bool> {
    let many = packs.len() > PACKS;
    let stays = |pack: &MountPack| {
        let is_small = pack.bytes < PACK / 2;
        pack.live * LIVE >= pack.bytes && !(many && is_small)
    };
    packs.iter().map(stays).collect()
}

struct Packer<'p> {
    scratch: Scratch,
    kept: Vec<bool>,
    known: HashMap<&'p str, &'p MountFile>,
    open: Option<OpenPack>,
    new: Vec<(MountPack, PathBuf)>,
    files: Vec<MountFile>,
    first_new: usize,
}

type Out = Writer<Encoder<DigestWriter<File>>>;

/// A pack that is being written.
struct OpenPack {
    writer: Out,
    path: PathBuf,
    bytes: u64,
}

impl Packer<'_> {
    fn take(&mut self, change: Change) -> Result<(), Error> {
        let Change { entry, content } = change;
        let name = entry.path.rsplit(|byte| *byte == b'/').next();
        if name.is_some_and(|name| name.starts_with(b".wh.")) {
            return Ok(());
        }
        let mut file = MountFile::of(&entry, self.first_new + self.new.len());
        let before = self.known.get(file.path.as_str());
        if let Some(before) = before
            && self.kept[before.pack]
            && file.is_as(before)
        {
            file.pack = before.pack;
            self.files.push(file);
            return Ok(());
        }
        let mut pack = match self.open.take() {
            Some(pack) => pack,
            None => self.begin()?,
        };
        let mut content: Box<dyn Read> = match content {
            Some(file) => Box::new(file),
            None => Box::new(io::empty()),
        };
        pack.writer
            .append(&entry, &mut content)
            .map_err(|source| Error::WriteArchive { source })?;
        pack.bytes += entry.size;
        self.files.push(file);
        match pack.bytes < PACK {
            true => self.open = Some(pack),
            false => self.end(pack)?,
        }
        Ok(())
    }

    fn begin(&self) -> Result<OpenPack, Error> {
        let path = self.scratch.path().join(self.new.len().to_string());
        let file = crate::store::create_new(&path)?;
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let encoder = Encoder::new(Compression::Zstd, None, DigestWriter::new(file), threads);
        let encoder = encoder.map_err(Error::io("write", &path))?;
        Ok(OpenPack {
            writer: Writer::new(encoder),
            path,
            bytes: 0,
        })
    }

    fn end(&mut self, pack: OpenPack) -> Result<(), Error> {
        let encoder = pack.writer.finish();
        let encoder = encoder.map_err(|source| Error::WriteArchive { source })?;
        let written = encoder.finish().map_err(Error::io("write", &pack.path))?;
        let (_, digest, size) = written.finish();
        let made = MountPack {
            blob: Descriptor::new(MediaType::OciLayerZstd, digest, size),
            bytes: pack.bytes,
            live: 0,
        };
        self.new.push((made, pack.path));
        Ok(())
    }

    /// Counts what of each pack is of use, and leaves out packs that are of none.
    fn finish(mut self, old: &[MountPack]) -> Result<PackedMount, Error> {
        if let Some(pack) = self.open.take() {
            self.end(pack)?;
        }
        let made = self.new.iter().map(|(pack, _)| pack);
        let mut packs: Vec<MountPack> = old.iter().chain(made).cloned().collect();
        let mut used = vec![false; packs.len()];
        packs.iter_mut().for_each(|pack| pack.live = 0);
        for file in &self.files {
            packs[file.pack].live += file.size;
            used[file.pack] = true;
        }
        let mut places = Vec::with_capacity(used.len());
        let mut count = 0;
        for used in &used {
            places.push(count);
            count += usize::from(*used);
        }
        for file in &mut self.files {
            file.pack = places[file.pack];
        }
        let mut used = used.into_iter();
        packs.retain(|_| used.next().unwrap_or_default());
        let new = { self.new.into_iter() }.map(|(pack, path)| (pack.blob, path));
        Ok(PackedMount {
            index: MountIndex::new(packs, self.files),
            new: new.collect(),
            _scratch: self.scratch,
        })
    }
}
