//! Sums of the ledger.

use std::collections::BTreeMap;
use std::iter::Sum;

use super::Ledger;
use super::account::{Change, Fate, File};
use super::paths::NodeId;

/// Bytes by what became of them. They add up to [`Sums::total`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// A container sees them, at one path.
    pub kept: u64,
    /// A container sees the same content at another path, too.
    pub duplicate: u64,
    /// A later layer deletes them.
    pub deleted: u64,
    /// A later layer has other content at their path.
    pub rewritten: u64,
    /// A later layer has the same content at their path, with another owner, mode or time.
    pub touched: u64,
    /// The rest of the tar: headers, padding, what has no content.
    pub framing: u64,
}

impl Sums {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kept + self.framing + self.wasted()
    }

    /// What an image would do without.
    #[must_use]
    pub fn wasted(&self) -> u64 {
        self.duplicate + self.deleted + self.rewritten + self.touched
    }

    fn add(&mut self, file: &File) {
        let of = match file.fate {
            Fate::Kept => &mut self.kept,
            Fate::Duplicate => &mut self.duplicate,
            Fate::Deleted { .. } => &mut self.deleted,
            Fate::Rewritten {
                change: Change::Content,
                ..
            } => &mut self.rewritten,
            Fate::Rewritten { .. } => &mut self.touched,
        };
        *of += file.size;
    }
}

impl Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            kept: sum.kept + one.kept,
            duplicate: sum.duplicate + one.duplicate,
            deleted: sum.deleted + one.deleted,
            rewritten: sum.rewritten + one.rewritten,
            touched: sum.touched + one.touched,
            framing: sum.framing + one.framing,
        })
    }
}

/// The sums of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerSums {
    /// What became of its bytes: [`Sums::total`] is the length of its tar.
    pub sums: Sums,
    /// Its files.
    pub files: u64,
    /// Its entries that delete something.
    pub whiteouts: u64,
    /// Bytes of layers below it that it makes useless.
    pub wastes: u64,
}

/// The sums of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectorySums {
    /// The path, absolute, of any bytes.
    pub path: Vec<u8>,
    /// What became of the files below it.
    pub sums: Sums,
    /// How many files those are.
    pub files: u64,
}

/// A path whose files waste something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WastedPath {
    /// The path, absolute, of any bytes.
    pub path: Vec<u8>,
    /// What its files waste, all of them together.
    pub bytes: u64,
    /// The layers that bring them, bottom first.
    pub layers: Vec<u16>,
    /// What became of the first of them.
    pub fate: Fate,
}

/// The path that wastes most first.
pub(super) fn wasted(ledger: &Ledger) -> Vec<WastedPath> {
    let mut found: BTreeMap<NodeId, WastedPath> = BTreeMap::new();
    let files = ledger
        .files
        .iter()
        .filter(|file| file.fate != Fate::Kept && file.size > 0);
    for file in files {
        let of_path = found.entry(file.node).or_insert_with(|| WastedPath {
            path: ledger.path(file),
            bytes: 0,
            layers: Vec::new(),
            fate: file.fate,
        });
        of_path.bytes += file.size;
        of_path.layers.push(file.layer);
    }
    let mut found: Vec<WastedPath> = found.into_values().collect();
    found.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    found
}

pub(super) fn by_layer(ledger: &Ledger) -> Vec<LayerSums> {
    let mut sums: Vec<LayerSums> = ledger
        .layers
        .iter()
        .map(|layer| LayerSums {
            sums: Sums {
                framing: layer.tar - layer.content,
                ..Sums::default()
            },
            whiteouts: layer.whiteouts,
            ..LayerSums::default()
        })
        .collect();
    for file in &ledger.files {
        let layer = &mut sums[usize::from(file.layer)];
        layer.sums.add(file);
        layer.files += 1;
        if let Fate::Deleted { layer } | Fate::Rewritten { layer, .. } = file.fate {
            sums[usize::from(layer)].wastes += file.size;
        }
    }
    sums
}

pub(super) fn by_directory(ledger: &Ledger, depth: usize) -> Vec<DirectorySums> {
    let mut sums: BTreeMap<NodeId, (Sums, u64)> = BTreeMap::new();
    for file in &ledger.files {
        let way = ledger.paths.ancestors(file.node);
        // The last one is the file itself.
        for directory in way[..way.len() - 1].iter().take(depth + 1) {
            let (of, files) = sums.entry(*directory).or_default();
            of.add(file);
            *files += 1;
        }
    }
    let path = |(node, (sums, files))| DirectorySums {
        path: ledger.paths.path(node),
        sums,
        files,
    };
    let mut found: Vec<DirectorySums> = sums.into_iter().map(path).collect();
    found.sort_by(|a, b| {
        b.sums
            .total()
            .cmp(&a.sums.total())
            .then_with(|| a.path.cmp(&b.path))
    });
    found
}
