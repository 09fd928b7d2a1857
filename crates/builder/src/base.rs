//! Base images: found in the store, or at a registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use oci::{ChainId, Descriptor, ImageConfig, Manifest, Platform, Reference};
use store::SnapshotId;

use crate::plan::Bases;
use crate::{Environment, Error};

/// An image that a stage stands on.
#[derive(Clone, Debug)]
pub struct BaseImage {
    /// Its name as people write it.
    pub name: String,
    /// What it was resolved from.
    pub reference: Reference,
    /// Its config.
    pub config: ImageConfig,
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's descriptor.
    pub descriptor: Descriptor,
}

impl BaseImage {
    /// Identifies the image's file system.
    pub(crate) fn chain_id(&self) -> String {
        ChainId::of(&self.config.rootfs.diff_ids).map_or_else(String::new, |id| id.to_string())
    }

    /// The snapshots of its layers, the lowest first; they may not be there yet.
    pub(crate) fn snapshots(&self) -> Vec<SnapshotId> {
        let ids = &self.config.rootfs.diff_ids;
        (1..=ids.len())
            .filter_map(|end| ChainId::of(&ids[..end]))
            .map(|id| SnapshotId::of_chain(&id))
            .collect()
    }
}

/// Base images as the store and the registry have them.
pub(crate) struct WorldBases<'a> {
    environment: &'a Environment<'a>,
    pull: bool,
    resolved: Mutex<HashMap<(String, String), Arc<BaseImage>>>,
}

impl<'a> WorldBases<'a> {
    /// Base images for a build; with `pull` the registry is asked first.
    pub(crate) fn new(environment: &'a Environment<'a>, pull: bool) -> Self {
        Self { environment, pull, resolved: Mutex::default() }
    }
}

impl Bases for WorldBases<'_> {
    fn resolve(&self, reference: &Reference, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        let key = (reference.to_string(), platform.to_string());
        let mut resolved = self.resolved.lock().expect("no thread panics with it");
        if let Some(known) = resolved.get(&key) {
            return Ok(Arc::clone(known));
        }
        let image = match self.in_store(reference, platform)? {
            Some(image) if !self.pull => image,
            _ => self.at_registry(reference, platform)?,
        };
        let image = Arc::new(image);
        resolved.insert(key, Arc::clone(&image));
        Ok(image)
    }
}

impl WorldBases<'_> {
    /// The image as the store has it.
    fn in_store(
        &self,
        reference: &Reference,
        platform: &Platform,
    ) -> Result<Option<BaseImage>, Error> {
        let store = self.environment.store;
        if store.tagged(reference)?.is_none() && reference.digest().is_none() {
            return Ok(None);
        }
        let image = match store.resolve_for(&reference.to_string(), platform) {
            Ok(image) => image,
            Err(store::Error::NoSuchImage { .. } | store::Error::NoSuchPlatform { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Some(BaseImage {
            name: reference.familiar(),
            reference: reference.clone(),
            config: store.config(&image.config)?,
            manifest: store.manifest(&image.manifest)?,
            descriptor: image.manifest,
        }))
    }

    /// The image as the registry has it: its manifest and config are fetched, its layers are not.
    fn at_registry(
        &self,
        reference: &Reference,
        platform: &Platform,
    ) -> Result<BaseImage, Error> {
        let _ = platform;
        Err(Error::Base {
            name: reference.familiar(),
            reason: "no registry yet".to_owned(),
            not_found: true,
        })
    }
}

impl BaseImage {
    /// Whether all its layers are there to be mounted.
    pub(crate) fn is_unpacked(&self, store: &store::Store) -> bool {
        self.snapshots().iter().all(|id| matches!(store.snapshot(id), Ok(Some(_))))
    }

    /// Unpacks the layers that are not there, fetching those that the store does not have.
    pub(crate) fn unpack(
        &self,
        environment: &Environment<'_>,
        step: crate::StepId,
    ) -> Result<(), Error> {
        let _ = step;
        let fetch = |blob: &Descriptor| -> Result<Box<dyn std::io::Read + Send>, Error> {
            Err(Error::Base {
                name: self.name.clone(),
                reason: format!("no registry yet for {}", blob.digest),
                not_found: true,
            })
        };
        let store = environment.store;
        crate::pull::unpack(store, &self.manifest, &self.config, &fetch, environment.cancel)
    }
}
