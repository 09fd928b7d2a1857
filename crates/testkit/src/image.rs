use std::io::Write;
use std::num::NonZeroUsize;

use oci::compression::Encoder;
use oci::tar::{Entry, Kind, Writer};
use oci::{
    Compression, Config, Descriptor, DiffId, Digest, History, ImageConfig, Index, Manifest,
    MediaType, Platform,
};

use crate::Blobs;

/// An image in memory.
#[derive(Clone, Debug)]
pub struct Image {
    /// The manifest's descriptor, with the platform.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration.
    pub config: ImageConfig,
    /// All its blobs, the manifest among them.
    pub blobs: Blobs,
}

/// Makes an [`Image`].
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    config: ImageConfig,
    layers: Vec<Vec<u8>>,
    compression: Compression,
}

impl Default for ImageBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ImageBuilder {
    /// An image without layers, for this machine.
    pub fn new() -> Self {
        let config = ImageConfig::new(&Platform::host());
        Self {
            config,
            layers: Vec::new(),
            compression: Compression::None,
        }
    }

    /// Says which machine it is for.
    #[must_use]
    pub fn platform(mut self, platform: &str) -> Self {
        self.config
            .set_platform(&platform.parse().expect("a platform"));
        self
    }

    /// Says how layers are compressed: not at all, gzip or zstd.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Changes how it is run.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config.config);
        self
    }

    /// Adds a layer of files by name and content. A name with a slash at the end is a directory.
    #[must_use]
    pub fn files(self, files: &[(&str, &str)]) -> Self {
        let members = files
            .iter()
            .map(|(name, content)| match name.strip_suffix('/') {
                Some(name) => (Entry::new(name, Kind::Directory, 0o755), Vec::new()),
                None => (
                    Entry::new(*name, Kind::File, 0o644),
                    content.as_bytes().to_vec(),
                ),
            });
        self.layer(layer(members))
    }

    /// Adds a layer by its tar, which need not be one.
    #[must_use]
    pub fn layer(mut self, tar: Vec<u8>) -> Self {
        self.config
            .rootfs
            .diff_ids
            .push(DiffId(Digest::sha256(&tar)));
        let created_by = format!("layer {}", self.layers.len() + 1);
        self.config.history.push(History {
            created_by,
            ..History::default()
        });
        self.layers.push(tar);
        self
    }

    /// The image.
    pub fn build(self) -> Image {
        let blobs = Blobs::default();
        let media_type = match self.compression {
            Compression::None => MediaType::OciLayer,
            Compression::Gzip => MediaType::OciLayerGzip,
            Compression::Zstd => MediaType::OciLayerZstd,
            other => panic!("{other:?} has no media type"),
        };
        let add = |tar: &Vec<u8>| blobs.add(media_type.clone(), &compress(self.compression, tar));
        let layers = self.layers.iter().map(add).collect();
        let config = blobs.add(MediaType::OciConfig, &self.config.to_bytes());
        let manifest = Manifest::new(config, layers);
        let mut descriptor = blobs.add(MediaType::OciManifest, &manifest.to_bytes());
        descriptor.platform = Some(self.config.platform());
        Image {
            descriptor,
            manifest,
            config: self.config,
            blobs,
        }
    }
}

/// The index of some images, and the blobs of all.
pub fn index(images: &[&Image]) -> (Descriptor, Blobs) {
    let blobs = Blobs::default();
    for image in images {
        blobs.extend(&image.blobs);
    }
    let index = Index::new(
        images
            .iter()
            .map(|image| image.descriptor.clone())
            .collect(),
    );
    (blobs.add(MediaType::OciIndex, &index.to_bytes()), blobs)
}

/// The tar of some members with their contents; the sizes are set here.
pub fn layer(members: impl IntoIterator<Item = (Entry, Vec<u8>)>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (mut entry, content) in members {
        entry.size = content.len() as u64;
        writer
            .append(&entry, &mut content.as_slice())
            .expect("a member that can be written");
    }
    writer.finish().expect("memory to write to")
}

fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(compression, None, Vec::new(), NonZeroUsize::MIN)
        .expect("a way of compressing that can be written");
    encoder.write_all(bytes).expect("memory to write to");
    encoder.finish().expect("memory to write to")
}
