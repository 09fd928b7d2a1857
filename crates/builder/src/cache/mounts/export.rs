//! Sending what is in cache mounts: only files that changed since the last time.

use std::io::{self, Read};

use oci::{BlobError, Descriptor, Manifest, MediaType};
use store::{CacheMountId, MediaTypes, MountIndex, PackedMount};

use super::restore::{document, read_index};
use super::{INDEX, MEDIA_TYPE, MountsDocument, PackedEntry, VERSION};
use crate::cache::place::{self, Place};
use crate::cache::send::{self, Sender};
use crate::cache::{CacheContent, CacheExported, CacheTarget};
use crate::{Environment, Error, StepId};

/// Sends the cache mounts of a build's steps. Mounts that the place has and this machine does not, or that somebody uses
/// just now, stay as they are. Events are those of `step`.
///
/// # Errors
/// [`Error::CacheExport`] if they cannot be packed or written in time; [`Error::Cancelled`].
pub fn export_cache_mounts(
    content: &CacheContent,
    target: &CacheTarget,
    step: StepId,
    environment: &Environment<'_>,
) -> Result<CacheExported, Error> {
    let exported = send::within(target.timeout, step, environment, |sender, client| {
        let place = place::open(&target.place, client)?;
        let export = Export {
            place: &*place,
            sender,
            environment,
        };
        export.run(&content.mounts, target.media_types)
    });
    exported.map_err(|source| target.failed(source, environment))
}

struct Export<'e> {
    place: &'e dyn Place,
    sender: &'e Sender<'e>,
    environment: &'e Environment<'e>,
}

impl Export<'_> {
    fn run(&self, ids: &[CacheMountId], types: MediaTypes) -> Result<CacheExported, BlobError> {
        // What is there and cannot be read is written over.
        let present = document(self.place).ok().flatten();
        let mut now = present.clone().unwrap_or(MountsDocument {
            version: VERSION,
            mounts: Vec::new(),
        });
        for id in ids {
            self.sender.going_on()?;
            if let Some(entry) = self.mount(id, present.as_ref())? {
                now.mounts.retain(|other| other.name != entry.name);
                now.mounts.push(entry);
            }
        }
        now.mounts.sort_by(|one, other| one.name.cmp(&other.name));
        if present.as_ref() != Some(&now) {
            self.set_head(&now, types)?;
        }
        Ok(CacheExported {
            records: now.mounts.len(),
            layers: now.mounts.iter().map(|entry| entry.packs.len()).sum(),
            ..self.sender.sent()
        })
    }

    /// Packs and sends one mount; `None` if it is not here, or in use.
    fn mount(
        &self,
        id: &CacheMountId,
        present: Option<&MountsDocument>,
    ) -> Result<Option<PackedEntry>, BlobError> {
        let store = self.environment.store;
        let failed = |error: store::Error| BlobError::Source(error.into());
        let Some(mount) = store.idle_cache_mount(id).map_err(failed)? else {
            return Ok(None);
        };
        let before = present.and_then(|present| present.entry(id));
        let before = before.and_then(|entry| self.whole_index(entry));
        let proceed = || self.sender.going_on().is_ok();
        let packed = mount
            .pack(store, before.as_ref(), &proceed)
            .map_err(failed)?;
        drop(mount);
        for pack in packed.index.blobs() {
            self.send_pack(pack, &packed)?;
        }
        let index = self.send_bytes(INDEX, &packed.index.to_bytes())?;
        Ok(Some(PackedEntry {
            name: id.name(),
            id: id.id.clone(),
            index,
            packs: packed.index.blobs().cloned().collect(),
        }))
    }

    /// The list of what was sent the last time, if all of that is still there.
    fn whole_index(&self, entry: &PackedEntry) -> Option<MountIndex> {
        let index = read_index(self.place, &entry.index).ok()?;
        let is_there = |pack: &Descriptor| self.place.holds(pack).unwrap_or_default();
        let whole = index.blobs().all(is_there);
        whole.then_some(index)
    }

    fn send_pack(&self, blob: &Descriptor, packed: &PackedMount) -> Result<(), BlobError> {
        let open = || -> Result<Box<dyn Read + Send>, BlobError> {
            match packed.open(blob) {
                Some(Ok(file)) => Ok(Box::new(file)),
                Some(Err(error)) => Err(BlobError::failed("open", &blob.digest, error)),
                None => Err(BlobError::NotFound {
                    digest: blob.digest.clone(),
                }),
            }
        };
        // One that was made before is there.
        match packed.open(blob).is_some() {
            true => self.sender.send(self.place, blob, &open),
            false => Ok(()),
        }
    }

    fn send_bytes(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, BlobError> {
        let blob = Descriptor::of(MediaType::from(media_type), bytes);
        let open = || -> Result<Box<dyn Read + Send>, BlobError> {
            Ok(Box::new(io::Cursor::new(bytes.to_vec())))
        };
        self.sender.send(self.place, &blob, &open)?;
        Ok(blob)
    }

    fn set_head(&self, document: &MountsDocument, types: MediaTypes) -> Result<(), BlobError> {
        let bytes = serde_json::to_vec(document).expect("it has only plain fields");
        let config = self.send_bytes(MEDIA_TYPE, &bytes)?;
        let mut blobs: Vec<Descriptor> = Vec::new();
        for entry in &document.mounts {
            for blob in entry.packs.iter().chain([&entry.index]) {
                if blobs.iter().all(|other| other.digest != blob.digest) {
                    blobs.push(blob.clone());
                }
            }
        }
        let mut manifest = Manifest::new(config, blobs);
        let media_type = match types {
            MediaTypes::Oci | MediaTypes::Kept => MediaType::OciManifest,
            MediaTypes::Docker => MediaType::DockerManifest,
        };
        manifest.media_type = Some(media_type.clone());
        self.sender.going_on()?;
        self.place.set_head(&media_type, &manifest.to_bytes())
    }
}
