//! A store in a temporary directory, and images to put into it.

use oci::{Descriptor, DiffId, Digest, ImageConfig, Manifest, MediaType, Platform};
use store::Store;
use tempfile::TempDir;

/// A store that goes away with the directory.
pub(crate) fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("store")).unwrap();
    (dir, store)
}

/// Stores an image of layers that are no more than their bytes.
pub(crate) fn image(store: &Store, platform: &str, layers: &[&[u8]]) -> Descriptor {
    let mut config = ImageConfig::new(&platform.parse::<Platform>().unwrap());
    config.created = Some("2026-11-20T10:00:00Z".into());
    config.rootfs.diff_ids = layers
        .iter()
        .map(|bytes| DiffId(Digest::sha256(bytes)))
        .collect();
    let config = store
        .put_bytes(MediaType::OciConfig, &config.to_bytes())
        .unwrap();
    let layers = layers
        .iter()
        .map(|bytes| store.put_bytes(MediaType::OciLayer, bytes).unwrap())
        .collect();
    let manifest = Manifest::new(config, layers);
    store
        .put_bytes(MediaType::OciManifest, &manifest.to_bytes())
        .unwrap()
}
