//! The ledger of an image in the store.

use std::io::Read;

use oci::compression;
use store::{Image, ImageLayer, Store};

use crate::Error;
use crate::ledger::{Audit, Ledger};
use crate::packages;

/// Reads the layers of an image, each once, into a ledger. Nothing is unpacked and nothing is kept.
///
/// # Errors
/// When a layer is not here, cannot be read, or is no tar.
pub fn audit(store: &Store, image: &Image) -> Result<Ledger, Error> {
    let mut audit = Audit::keeping(packages::is_database);
    for layer in &image.layers {
        let of_layer = |source| Error::Layer {
            layer: layer.diff_id.to_string(),
            source,
        };
        audit
            .add_layer(open(store, image, layer)?)
            .map_err(of_layer)?;
    }
    Ok(audit.finish())
}

/// A layer's tar.
fn open(store: &Store, image: &Image, layer: &ImageLayer) -> Result<Box<dyn Read + Send>, Error> {
    let blob = store.open_blob(&layer.blob.digest);
    let blob = blob.map_err(|source| Error::Image {
        image: image.id.to_string(),
        source,
    })?;
    let (_, tar) = compression::decoder(blob).map_err(|source| Error::Layer {
        layer: layer.diff_id.to_string(),
        source: oci::tar::Error::Read { offset: 0, source },
    })?;
    Ok(tar)
}
