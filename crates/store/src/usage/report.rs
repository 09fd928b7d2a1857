//! What takes how much: `system df`.

use std::collections::HashSet;

use oci::{ChainId, Digest};

use super::Meter;
use crate::{CacheEntry, Error, Image, Listed, SnapshotId, Store};

/// What the store takes on the disk, by what it is for. Every block is in one part: what an image shares with the cache
/// is the image's.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Images: documents, blobs and unpacked layers.
    pub images: Vec<ImageUsage>,
    /// What they take together, where what they share counts once.
    pub images_size: u64,
    /// Containers: what they wrote, and their logs.
    pub containers: Part,
    /// The cache, with what of each entry nothing before it has counted.
    pub cache: Vec<CacheEntry>,
    /// Logs of builds, and what is remembered of contexts and of last builds.
    pub notes: Part,
    /// What is being made just now, or was when its process was killed.
    pub unfinished: Part,
}

/// Things, and what they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// How many there are.
    pub count: usize,
    /// Bytes on the disk.
    pub size: u64,
}

/// What an image takes.
#[derive(Debug, Clone)]
pub struct ImageUsage {
    /// The image and its names.
    pub listed: Listed,
    /// Bytes on the disk.
    pub size: u64,
    /// The bytes among them that no other image has.
    pub unique: u64,
}

impl Store {
    /// Measures everything.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn usage(&self) -> Result<Usage, Error> {
        let mut meter = Meter::default();
        let (images, images_size) = self.images_usage(&mut meter)?;
        let mut cache = self.cache_entries()?;
        for entry in &mut cache {
            entry.size = self.measure_entry(entry, &mut meter);
        }
        let layout = self.layout();
        let mut part = |dirs: &[std::path::PathBuf]| {
            let names = dirs.iter().filter_map(|dir| std::fs::read_dir(dir).ok());
            Part {
                count: names.map(Iterator::count).sum(),
                size: dirs.iter().map(|dir| meter.add(dir)).sum(),
            }
        };
        Ok(Usage {
            images,
            images_size,
            containers: part(&[layout.containers()]),
            notes: part(&[layout.logs(), layout.stat_caches(), layout.builds()]),
            unfinished: part(&[layout.tmp()]),
            cache,
        })
    }

    /// What each image takes, and all of them together.
    fn images_usage(&self, meter: &mut Meter) -> Result<(Vec<ImageUsage>, u64), Error> {
        let images = self.images()?;
        let files: Vec<HashSet<Measured>> = images
            .iter()
            .map(|listed| self.files_of(&listed.image))
            .collect();
        let mut all = 0;
        let mut usages = Vec::new();
        for (at, listed) in images.into_iter().enumerate() {
            let size_of = |file: &Measured| Meter::default().add(&self.path_of(file));
            let mut usage = ImageUsage {
                listed,
                size: 0,
                unique: 0,
            };
            for file in &files[at] {
                let size = size_of(file);
                let shared = files
                    .iter()
                    .enumerate()
                    .any(|(n, other)| n != at && other.contains(file));
                usage.size += size;
                usage.unique += if shared { 0 } else { size };
                all += meter.add(&self.path_of(file));
            }
            usages.push(usage);
        }
        Ok((usages, all))
    }

    fn path_of(&self, file: &Measured) -> std::path::PathBuf {
        match file {
            Measured::Blob(digest) => self.blob_path(digest),
            Measured::Snapshot(id) => self.layout().snapshots().join(id.as_str()),
        }
    }

    fn files_of(&self, image: &Image) -> HashSet<Measured> {
        let layers = image.layers.iter().map(|layer| layer.blob.digest.clone());
        let documents = [image.manifest.digest.clone(), image.config.digest.clone()];
        let mut files: HashSet<Measured> = layers.chain(documents).map(Measured::Blob).collect();
        let mut chain: Option<ChainId> = None;
        for diff_id in image.diff_ids() {
            let next = ChainId::on(chain.as_ref(), diff_id);
            let id = SnapshotId::of_chain(chain.insert(next));
            files.insert(Measured::Snapshot(self.linked(id)));
        }
        files
    }
}

/// A part of an image that may be measured.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Measured {
    Blob(Digest),
    Snapshot(SnapshotId),
}
