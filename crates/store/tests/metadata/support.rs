//! A store in a temporary directory, and images to put into it.

use std::io::Write;
use std::num::NonZeroUsize;

use oci::compression::Encoder;
use oci::tar::{Entry, Kind, Writer};
use oci::{Compression, Descriptor, DiffId, Digest, ImageConfig, Manifest, MediaType, Platform};
use store::{Image, Store};
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

/// An archive with these files, in this order.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, content) in files {
        let entry = Entry {
            size: content.len() as u64,
            ..Entry::new(*name, Kind::File, 0o644)
        };
        writer.append(&entry, &mut &**content).unwrap();
    }
    writer.finish().unwrap()
}

/// The bytes, compressed.
pub(crate) fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(compression, None, Vec::new(), NonZeroUsize::MIN).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An image of these tars, its layers compressed.
pub(crate) fn gzipped(store: &Store, layers: &[Vec<u8>]) -> Image {
    let mut config = ImageConfig::default();
    config.rootfs.diff_ids = layers
        .iter()
        .map(|tar| DiffId(Digest::sha256(tar)))
        .collect();
    let config = store
        .put_bytes(MediaType::OciConfig, &config.to_bytes())
        .unwrap();
    let blob = |tar: &Vec<u8>| {
        let gz = compress(Compression::Gzip, tar);
        store.put_bytes(MediaType::OciLayerGzip, &gz).unwrap()
    };
    let manifest = Manifest::new(config, layers.iter().map(blob).collect()).to_bytes();
    let manifest = store.put_bytes(MediaType::OciManifest, &manifest).unwrap();
    store.add_image(&manifest).unwrap()
}
