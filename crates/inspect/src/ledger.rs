//! The ledger of an image: what became of every byte of its layers.
//!
//! An [`Audit`] reads the layers' tars once, bottom first. Each file's content is one item, and each item has one [`Fate`], so that the
//! sums add up: the bytes of a layer are those of its files and its *framing*, which is all else in the tar (headers,
//! padding, the entries that have no content).
//!
//! What a later layer deletes or replaces stays in the image. dive counts directories that are deleted as nothing, and what is
//! rewritten twice; here the copy that is seen is kept, and only what lies below it is wasted.

mod account;
mod layer;
mod paths;
mod sums;

use std::collections::{HashMap, HashSet};
use std::io::Read;

use oci::tar;

pub use account::{Change, Fate, File};
pub use sums::{DirectorySums, LayerSums, Sums, WastedPath};

use paths::{NodeId, Paths};

/// What became of every byte of an image's layers.
#[derive(Debug, Default)]
pub struct Ledger {
    paths: Paths,
    files: Vec<File>,
    layers: Vec<Layer>,
    /// What files hold that somebody wants to read.
    contents: HashMap<FileId, Vec<u8>>,
    /// How many bytes those are.
    held: usize,
}

/// What a layer's tar holds beside its files.
#[derive(Clone, Copy, Debug, Default)]
struct Layer {
    /// The length of the tar.
    tar: u64,
    /// Of that, the content of files.
    content: u64,
    /// Its entries, whiteouts among them.
    entries: u64,
    /// Its whiteouts.
    whiteouts: u64,
}

/// A file of the ledger, as an index.
pub type FileId = u32;

/// A ledger that is being made.
#[derive(Debug, Default)]
pub struct Audit {
    ledger: Ledger,
    is_wanted: Option<fn(&[u8]) -> bool>,
}

impl Audit {
    /// Of an image without layers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and what files hold is kept whose paths are of interest: the databases of package managers are. Of each at
    /// most 32 MiB, and of all 256 MiB.
    #[must_use]
    pub fn keeping(is_wanted: fn(&[u8]) -> bool) -> Self {
        Self {
            is_wanted: Some(is_wanted),
            ..Self::default()
        }
    }

    /// Reads the next layer's tar, to its end.
    ///
    /// # Errors
    /// When it is no tar, or cannot be read.
    pub fn add_layer(&mut self, layer: impl Read) -> Result<(), tar::Error> {
        layer::read(&mut self.ledger, layer, self.is_wanted)
    }

    /// The ledger, when all layers were read.
    #[must_use]
    pub fn finish(mut self) -> Ledger {
        self.ledger.mark_duplicates();
        self.ledger
    }
}

impl Ledger {
    /// How many layers there are.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.layers.len()
    }

    /// All files of all layers, in the order of the tars.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// The file that a path leads to, links followed; nothing if there is none.
    #[must_use]
    pub fn file_at(&self, path: &[u8]) -> Option<FileId> {
        self.paths.file(self.paths.resolve(path)?)
    }

    /// The live files with a path each, in the order of the tars.
    pub fn live(&self) -> impl Iterator<Item = (FileId, &File)> {
        let files = (0..).zip(&self.files);
        files.filter(|(_, file)| file.is_live())
    }

    /// The path that a file has, or first had: absolute, of any bytes.
    #[must_use]
    pub fn path(&self, file: &File) -> Vec<u8> {
        self.paths.path(file.node)
    }

    /// The live files whose content was kept: path and content, in the order of the tars.
    #[must_use]
    pub fn contents(&self) -> Vec<(Vec<u8>, &[u8])> {
        let mut ids: Vec<FileId> = self.contents.keys().copied().collect();
        ids.sort_unstable();
        ids.into_iter()
            .filter(|id| self.files[*id as usize].is_live())
            .map(|id| {
                (
                    self.path(&self.files[id as usize]),
                    self.contents[&id].as_slice(),
                )
            })
            .collect()
    }

    /// The paths whose files waste most, and how much each does; of duplicates all but the first copy.
    #[must_use]
    pub fn wasted(&self) -> Vec<WastedPath> {
        sums::wasted(self)
    }

    /// The sums of each layer, bottom first.
    #[must_use]
    pub fn layers(&self) -> Vec<LayerSums> {
        sums::by_layer(self)
    }

    /// The sums of the whole image.
    #[must_use]
    pub fn total(&self) -> Sums {
        self.layers().iter().map(|layer| layer.sums).sum()
    }

    /// The sums of directories, with all that is below them: those down to a depth (`/` is at 0), the biggest first.
    #[must_use]
    pub fn directories(&self, depth: usize) -> Vec<DirectorySums> {
        sums::by_directory(self, depth)
    }

    /// The live files of the same content at more than one path, each group's first file first, the group that wastes most first.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Vec<&File>> {
        let mut groups: HashMap<(u64, u128), Vec<&File>> = HashMap::new();
        for file in self
            .files
            .iter()
            .filter(|file| file.is_live() && file.size > 0)
        {
            groups
                .entry((file.size, file.content))
                .or_default()
                .push(file);
        }
        let mut groups: Vec<_> = groups
            .into_values()
            .filter(|group| group.len() > 1)
            .collect();
        groups.sort_by_key(|group| {
            let wasted = group[0].size.saturating_mul(group.len() as u64 - 1);
            (std::cmp::Reverse(wasted), group[0].node)
        });
        groups
    }

    /// Marks the live copies of what is there already.
    fn mark_duplicates(&mut self) {
        let mut seen = HashSet::new();
        let live = |file: &&mut File| file.size > 0 && file.is_live();
        for file in self.files.iter_mut().filter(live) {
            file.fate = match seen.insert((file.size, file.content)) {
                true => Fate::Kept,
                false => Fate::Duplicate,
            };
        }
    }

    /// A name goes. If it was the last one of its file, that file is dead, and is what comes back.
    fn unlink(&mut self, node: NodeId, fate: Fate) -> Option<FileId> {
        let id = self.paths.take_file(node)?;
        let file = &mut self.files[id as usize];
        file.names = file.names.saturating_sub(1);
        if file.names > 0 {
            return None;
        }
        file.fate = fate;
        let content = self.contents.remove(&id);
        self.held -= content.map_or(0, |content| content.len());
        Some(id)
    }
}
