//! What must stay: what images, containers and living processes lead to.

use std::collections::{HashMap, HashSet};
use std::fs;

use oci::{ChainId, Descriptor, DiffId, Digest, Document, MAX_DOCUMENT_SIZE, MediaType};
use serde::Deserialize;

use crate::lease::Lease;
use crate::store::read_small;
use crate::{Error, Image, Layer, SnapshotId, Store};

/// No container's record is longer.
const MAX_CONTAINER: u64 = 8 << 20;

/// What nobody may remove.
#[derive(Debug, Default)]
pub(super) struct Needed {
    pub(super) blobs: HashSet<Digest>,
    pub(super) snapshots: HashSet<SnapshotId>,
    /// Layers of images that are unpacked here and could be unpacked again.
    pub(super) unpacked: HashSet<SnapshotId>,
    /// The diff IDs of images' layers.
    pub(super) layers: HashSet<Digest>,
    /// IDs of images that containers or processes use.
    pub(super) users: HashSet<Digest>,
    /// What was read of layers so far.
    known: HashMap<DiffId, Option<Layer>>,
}

/// What the store looks at in a container's record.
#[derive(Deserialize)]
struct Container {
    manifest: String,
}

impl Needed {
    /// Looks through images, containers and leases.
    pub(super) fn find(store: &Store) -> Result<Needed, Error> {
        let mut needed = Needed::default();
        // Before the images: one that is made after this was looked at is made of what is leased.
        let leases = store.leased()?;
        let images: HashMap<Digest, Image> = store
            .all_images()?
            .into_iter()
            .map(|image| (image.manifest.digest.clone(), image))
            .collect();
        for image in images.values() {
            needed.image(store, image)?;
        }
        for tag in store.tags()? {
            needed.document(store, &tag.descriptor);
        }
        let used = leases.iter().filter_map(|lease| match lease {
            Lease::Image(manifest) => Some(manifest.clone()),
            _ => None,
        });
        for manifest in used.chain(containers(store)?) {
            let image = match images.get(&manifest) {
                Some(image) => Some(image.clone()),
                None => store.describe(&descriptor(store, &manifest)).ok(),
            };
            if let Some(image) = image {
                needed.image(store, &image)?;
                needed.unpacked(store, &image);
                needed.users.insert(image.id);
            }
        }
        for lease in leases {
            match lease {
                Lease::Snapshot(id) => needed.snapshot(store, &id),
                Lease::Blob(digest) => drop(needed.blobs.insert(digest)),
                Lease::Image(_) => {}
            }
        }
        Ok(needed)
    }

    fn snapshot(&mut self, store: &Store, id: &SnapshotId) {
        self.snapshots.insert(store.linked(id.clone()));
        self.snapshots.insert(id.clone());
    }

    /// An image's documents, and of each layer its blob or what that is made of.
    fn image(&mut self, store: &Store, image: &Image) -> Result<(), Error> {
        self.blobs.insert(image.manifest.digest.clone());
        self.blobs.insert(image.config.digest.clone());
        let mut stack = Vec::new();
        let mut chain: Option<ChainId> = None;
        for layer in &image.layers {
            let next = ChainId::on(chain.as_ref(), &layer.diff_id);
            stack.push(SnapshotId::of_chain(chain.insert(next)));
            self.layers.insert(layer.diff_id.digest().clone());
            if store.blob_path(&layer.blob.digest).exists() {
                self.blobs.insert(layer.blob.digest.clone());
                let id = &stack[stack.len() - 1];
                self.unpacked.insert(store.linked(id.clone()));
                continue;
            }
            // Its tar is made again of these.
            let made_of = match self.known.get(&layer.diff_id) {
                Some(known) => known.clone(),
                None => {
                    let known = store.layer(&layer.diff_id)?;
                    self.known.insert(layer.diff_id.clone(), known.clone());
                    known
                }
            };
            let made_of = made_of
                .map(|known| known.stack)
                .filter(|stack| !stack.is_empty());
            for id in made_of.as_ref().unwrap_or(&stack) {
                self.snapshot(store, id);
            }
        }
        Ok(())
    }

    /// The files of an image that runs.
    fn unpacked(&mut self, store: &Store, image: &Image) {
        let mut chain: Option<ChainId> = None;
        for layer in &image.layers {
            let next = ChainId::on(chain.as_ref(), &layer.diff_id);
            self.snapshot(store, &SnapshotId::of_chain(chain.insert(next)));
        }
    }

    /// What a tag leads to, and what an index has beside images: attestations.
    fn document(&mut self, store: &Store, root: &Descriptor) {
        self.blobs.insert(root.digest.clone());
        if !root.media_type.is_index() {
            return;
        }
        let Ok(Document::Index(index)) = store.document(root) else {
            return;
        };
        for child in index.manifests {
            self.blobs.insert(child.digest.clone());
            if let Ok(Document::Manifest(manifest)) = store.document(&child) {
                let parts = manifest.layers.iter().chain([&manifest.config]);
                self.blobs.extend(parts.map(|blob| blob.digest.clone()));
            }
        }
    }
}

/// The manifests of the images that containers were made of.
fn containers(store: &Store) -> Result<Vec<Digest>, Error> {
    let dir = store.layout().containers();
    let mut manifests = Vec::new();
    for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
        let path = entry.map_err(Error::io("list", &dir))?.path();
        let record = read_small(&path.join("record.json"), MAX_CONTAINER)
            .ok()
            .flatten();
        let record = record.and_then(|bytes| serde_json::from_slice::<Container>(&bytes).ok());
        manifests.extend(record.and_then(|record| record.manifest.parse::<Digest>().ok()));
    }
    Ok(manifests)
}

/// The descriptor of a manifest that is known by its digest alone.
fn descriptor(store: &Store, manifest: &Digest) -> Descriptor {
    let size = fs::metadata(store.blob_path(manifest)).map_or(0, |metadata| metadata.len());
    let size = size.min(MAX_DOCUMENT_SIZE);
    Descriptor::new(MediaType::OciManifest, manifest.clone(), size)
}
