//! What can go wrong.

use std::path::PathBuf;

/// Why an image could not be looked into.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store does not have what the image needs.
    #[error("cannot look into image {image}")]
    Image {
        /// The image's ID.
        image: String,
        /// Why.
        source: store::Error,
    },
    /// A layer of the image cannot be read.
    #[error("cannot read layer {layer}")]
    Layer {
        /// Its diff ID.
        layer: String,
        /// Why.
        source: oci::tar::Error,
    },
    /// A directory of the image cannot be read.
    #[error("cannot read {} of the image", path.display())]
    Read {
        /// The directory, inside the image.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Directories are nested deeper than any program could use.
    #[error("{} is nested too deep", path.display())]
    TooDeep {
        /// The directory, inside the image.
        path: PathBuf,
    },
}
