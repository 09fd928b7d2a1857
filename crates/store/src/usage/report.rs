//! What takes how much: `system df`.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use oci::{ChainId, Digest};

use super::{Extent, Inode, Meter};
use crate::{CacheEntry, Error, Image, Listed, SnapshotId, Store};

/// What the store takes on the disk, by what it is for. Every block is in one part: what an image shares with the cache
/// is the image's.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Images: documents, blobs and unpacked layers.
    pub images: Vec<ImageUsage>,
    /// What they take together, where what they share counts once.
    pub images_size: u64,
    /// What among that no image has that is in use.
    pub images_reclaimable: u64,
    /// Containers: what they wrote, and their logs.
    pub containers: Part,
    /// Volumes.
    pub volumes: Part,
    /// The cache, with what of each entry nothing before it has counted.
    pub cache: Vec<CacheEntry>,
    /// Logs of builds, and what is remembered of contexts and of last builds.
    pub notes: Part,
    /// What is being made just now, or was when its process was killed.
    pub unfinished: Part,
    /// All the rest: records, indexes, and garbage.
    pub rest: u64,
}

impl Usage {
    /// Everything: what the store takes.
    #[must_use]
    pub fn total(&self) -> u64 {
        let cache = self.cache.iter().map(|entry| entry.size);
        let parts =
            [self.containers, self.volumes, self.notes, self.unfinished].map(|part| part.size);
        let sums = [self.images_size, self.rest].into_iter();
        sums.chain(parts).chain(cache).sum()
    }
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
    /// Measures everything. `is_used` says of images whether something uses them.
    ///
    /// # Errors
    /// [`Error::Io`] if the store cannot be read.
    pub fn usage(&self, is_used: &dyn Fn(&Image) -> bool) -> Result<Usage, Error> {
        let mut meter = Meter::default();
        let mut usage = Usage::default();
        self.measure_images(is_used, &mut usage, &mut meter)?;
        usage.cache = self.cache_entries()?;
        for entry in &mut usage.cache {
            entry.size = self.measure_entry(entry, &mut meter);
        }
        let layout = self.layout();
        let mut part = |dirs: &[PathBuf]| {
            let names = dirs.iter().filter_map(|dir| std::fs::read_dir(dir).ok());
            Part {
                count: names.map(Iterator::count).sum(),
                size: dirs.iter().map(|dir| meter.add(dir)).sum(),
            }
        };
        usage.containers = part(&[layout.containers()]);
        usage.volumes = part(&[layout.volumes()]);
        usage.notes = part(&[layout.logs(), layout.stat_caches(), layout.builds()]);
        usage.unfinished = part(&[layout.tmp(), layout.partial()]);
        usage.rest = meter.add(self.path());
        Ok(usage)
    }

    /// What each image takes, all of them together, and how much of that is not in use.
    fn measure_images(
        &self,
        is_used: &dyn Fn(&Image) -> bool,
        usage: &mut Usage,
        meter: &mut Meter,
    ) -> Result<(), Error> {
        let images = self.images()?;
        let files: Vec<HashSet<Measured>> = images
            .iter()
            .map(|listed| self.files_of(&listed.image))
            .collect();
        // Images share layers: each is looked at once.
        let mut parts: HashMap<&Measured, Extent> = HashMap::new();
        for file in files.iter().flatten() {
            let extent = || Extent::of(&self.path_of(file));
            parts.entry(file).or_insert_with(extent);
        }
        let mut all = Shares::default();
        let mut used = Shares::default();
        for (listed, files) in images.iter().zip(&files) {
            all.add(files, &parts);
            if is_used(&listed.image) {
                used.add(files, &parts);
            }
        }
        usage.images_size = all.size(|_| true);
        usage.images_reclaimable = usage.images_size - used.size(|_| true);
        for (listed, files) in images.into_iter().zip(&files) {
            let mut own = Shares::default();
            own.add(files, &parts);
            let alone = own.within(&all);
            usage.images.push(ImageUsage {
                listed,
                size: own.size(|_| true),
                unique: alone.size(|images| images == 1),
            });
        }
        for file in files.iter().flatten() {
            meter.add(&self.path_of(file));
        }
        Ok(())
    }

    fn path_of(&self, file: &Measured) -> PathBuf {
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

/// What images have, and how many of them have it.
#[derive(Default)]
struct Shares<'p> {
    /// Parts, with what only they have in them.
    parts: HashMap<&'p Measured, (u64, usize)>,
    /// Files with several names, which may be in several parts.
    linked: HashMap<Inode, (u64, usize)>,
}

impl<'p> Shares<'p> {
    /// Adds an image.
    fn add(&mut self, files: &'p HashSet<Measured>, extents: &HashMap<&Measured, Extent>) {
        let mut linked = HashMap::new();
        for file in files {
            let extent = &extents[file];
            self.parts.entry(file).or_insert((extent.own, 0)).1 += 1;
            linked.extend(&extent.linked);
        }
        for (inode, size) in linked {
            self.linked.entry(inode).or_insert((size, 0)).1 += 1;
        }
    }

    /// The same parts, with how many images of others have them.
    fn within(&self, others: &Self) -> Shares<'p> {
        Shares {
            parts: self.parts.keys().map(|k| (*k, others.parts[k])).collect(),
            linked: self.linked.keys().map(|k| (*k, others.linked[k])).collect(),
        }
    }

    /// What takes, for which the number of images is right.
    fn size(&self, is_right: impl Fn(usize) -> bool) -> u64 {
        let all = self.parts.values().chain(self.linked.values());
        let right = all.filter(|(_, images)| is_right(*images));
        right.map(|(size, _)| size).sum()
    }
}

/// A part of an image that may be measured.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Measured {
    Blob(Digest),
    Snapshot(SnapshotId),
}
