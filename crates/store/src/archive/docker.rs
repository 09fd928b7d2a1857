//! What `docker save` writes: `manifest.json`, configurations, and layers under any names (moby's image/spec v1.2).

use std::collections::BTreeMap;
use std::io::Read;

use oci::{
    Compression, Descriptor, Digest, ImageConfig, Manifest, MediaType, Reference, compression,
};
use serde::{Deserialize, Deserializer, Serialize};

use super::load::Collected;
use super::members::{Members, read_document};
use crate::{Error, NewBlob, Store};

const MANIFEST: &str = "manifest.json";

/// An image in `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Item {
    pub(super) config: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) layers: Vec<String>,
}

/// Go writes an empty list as `null`.
fn null_as_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Loads what `manifest.json` lists.
pub(super) fn load(
    store: &Store,
    members: &Members,
    collected: &mut Collected<'_>,
) -> Result<(), Error> {
    for item in items(members)? {
        let references = references(&item)?;
        let (config, bytes) = config(members, &item)?;
        if collected.rank(&config.platform()).is_none() {
            continue;
        }
        let manifest = keep(store, members, &item, (&config, &bytes))?;
        let image = store.add_image(&manifest)?;
        collected.add(manifest, references, vec![image]);
    }
    Ok(())
}

/// The names that `manifest.json` gives to the images of an archive that is both, by image ID.
pub(super) fn names(members: &Members) -> Result<BTreeMap<Digest, Vec<Reference>>, Error> {
    let mut names: BTreeMap<Digest, Vec<Reference>> = BTreeMap::new();
    for item in items(members)? {
        if let Some(config) = members.file(&item.config) {
            names
                .entry(config.digest().clone())
                .or_default()
                .extend(references(&item)?);
        }
    }
    Ok(names)
}

fn items(members: &Members) -> Result<Vec<Item>, Error> {
    let Some(bytes) = members.document(MANIFEST)? else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&bytes).map_err(|source| Error::DockerManifest { source })
}

fn references(item: &Item) -> Result<Vec<Reference>, Error> {
    let unusable = |source| Error::MemberDocument {
        name: MANIFEST.to_owned(),
        source,
    };
    item.repo_tags
        .iter()
        .map(|tag| tag.parse().map_err(unusable))
        .collect()
}

/// A member that the item names.
fn member<'m>(members: &'m Members, name: &str) -> Result<&'m NewBlob, Error> {
    members.file(name).ok_or_else(|| Error::MissingMember {
        name: name.to_owned(),
        by: MANIFEST.to_owned(),
    })
}

fn config(members: &Members, item: &Item) -> Result<(ImageConfig, Vec<u8>), Error> {
    let bytes = read_document(member(members, &item.config)?, &item.config)?;
    let unusable = |source| Error::MemberDocument {
        name: item.config.clone(),
        source,
    };
    Ok((ImageConfig::parse(&bytes).map_err(unusable)?, bytes))
}

/// Makes the manifest that the archive lacks, and stores it with its blobs.
fn keep(
    store: &Store,
    members: &Members,
    item: &Item,
    (config, config_bytes): (&ImageConfig, &[u8]),
) -> Result<Descriptor, Error> {
    let mut layers = Vec::new();
    for (index, name) in item.layers.iter().enumerate() {
        let layer = keep_layer(store, member(members, name)?, name)?;
        // An uncompressed layer's digest is its diff ID: what is wrong with it need not wait.
        let diff_id = config.rootfs.diff_ids.get(index);
        if let Some(expected) = diff_id
            .filter(|id| layer.media_type == MediaType::OciLayer && *id.digest() != layer.digest)
        {
            let (expected, actual) = (expected.digest().clone(), layer.digest);
            let source = oci::Error::DigestMismatch {
                expected: expected.clone(),
                actual,
            };
            return Err(Error::Content {
                digest: expected,
                source,
            });
        }
        layers.push(layer);
    }
    let config_blob = store.put_bytes(MediaType::OciConfig, config_bytes)?;
    let manifest = Manifest::new(config_blob, layers);
    let mut descriptor = store.put_bytes(MediaType::OciManifest, &manifest.to_bytes())?;
    descriptor.platform = Some(config.platform());
    Ok(descriptor)
}

/// Stores a layer as it came, if OCI has a name for how it is compressed.
fn keep_layer(store: &Store, file: &NewBlob, name: &str) -> Result<Descriptor, Error> {
    let unreadable = |source| Error::Read {
        what: format!("the archive's {name}"),
        source,
    };
    let mut start = Vec::new();
    file.open()?
        .take(16)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    let media_type = match Compression::detect(&start) {
        Compression::None => MediaType::OciLayer,
        Compression::Gzip => MediaType::OciLayerGzip,
        Compression::Zstd => MediaType::OciLayerZstd,
        Compression::Bzip2 | Compression::Xz => {
            let (_, mut plain) = compression::decoder(file.open()?).map_err(unreadable)?;
            let mut writer = store.blob_writer()?;
            writer.copy(&mut plain).map_err(unreadable)?;
            let blob = writer.finish();
            blob.keep()?;
            return Ok(Descriptor::new(
                MediaType::OciLayer,
                blob.digest().clone(),
                blob.size(),
            ));
        }
    };
    file.keep()?;
    Ok(Descriptor::new(
        media_type,
        file.digest().clone(),
        file.size(),
    ))
}
