use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use oci::{Descriptor, Digest, Platform};
use registry::{Client, Repository};
use store::Store;

use super::{Naming, Push, Trust};
use crate::Error;

/// A repository that an image goes to.
pub(super) struct Target {
    pub(super) repository: Repository,
    tags: Vec<String>,
    /// Blobs that it is known to have.
    there: Mutex<BTreeSet<Digest>>,
}

impl Target {
    /// The repositories of all names, each once.
    pub(super) fn all(push: &Push<'_>, registry: &Client) -> Result<Vec<Self>, Error> {
        let mut targets: Vec<Self> = Vec::new();
        for name in push.names {
            let tag = name.tag().unwrap_or("latest").to_owned();
            let same = |target: &&mut Self| target.repository.reference().name() == name.name();
            if let Some(known) = targets.iter_mut().find(same) {
                known.tags.push(tag);
                continue;
            }
            let mut repository = registry.repository(name).map_err(failed)?;
            if push.trust == Trust::Anyone {
                repository = repository.into_insecure();
            }
            targets.push(Self {
                repository,
                tags: vec![tag],
                there: Mutex::default(),
            });
        }
        Ok(targets)
    }

    /// Where it is: `registry/name`.
    pub(super) fn place(&self) -> String {
        let (registry, name) = self.repository.location();
        format!("{registry}/{name}")
    }

    /// Whether the blob is known to be there.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.there().contains(digest)
    }

    /// The blob is there.
    pub(super) fn note(&self, digest: &Digest) {
        self.there().insert(digest.clone());
    }

    fn there(&self) -> MutexGuard<'_, BTreeSet<Digest>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pushes a manifest or index that another index lists.
    pub(super) fn put_by_digest(&self, manifest: &Descriptor, store: &Store) -> Result<(), Error> {
        self.put(manifest.digest.as_str(), manifest, store)
    }

    /// Pushes the manifest or index that names lead to.
    pub(super) fn put_root(
        &self,
        root: &Descriptor,
        naming: Naming,
        store: &Store,
    ) -> Result<(), Error> {
        match naming {
            Naming::Digest => self.put_by_digest(root, store),
            Naming::Tags => self
                .tags
                .iter()
                .try_for_each(|tag| self.put(tag, root, store)),
        }
    }

    /// What is listed and not here must be there.
    pub(super) fn expect_manifest(&self, manifest: &Descriptor) -> Result<(), Error> {
        let found = self.repository.has_manifest(manifest.digest.as_str());
        match found.map_err(failed)? {
            Some(_) => Ok(()),
            None => Err(Error::Incomplete {
                name: self.repository.reference().familiar(),
                platform: { manifest.platform.as_ref() }
                    .map_or_else(|| manifest.digest.to_string(), Platform::to_string),
            }),
        }
    }

    fn put(&self, name: &str, manifest: &Descriptor, store: &Store) -> Result<(), Error> {
        let known = self.repository.has_manifest(name);
        let known = known.map_err(failed)?;
        if known.is_some_and(|known| known.digest == manifest.digest) {
            return Ok(());
        }
        let bytes = store.read_blob(manifest)?;
        self.repository
            .put_manifest(name, &manifest.media_type, &bytes)
            .map_err(failed)?;
        Ok(())
    }
}

pub(super) fn failed(source: registry::Error) -> Error {
    Error::Push(Box::new(source))
}
