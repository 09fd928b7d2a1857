//! Compressing an image's layers, once, before it leaves.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use oci::compression::{Members, decoder};
use oci::{Compression, Descriptor, DiffId, Digest, Document, Index, Manifest, MediaType};

use crate::blobs::BlobContent;
use crate::layer_writer::{LayerWriter, WrittenLayer};
use crate::{Error, Growing, Sealed, Store};

/// On the descriptor of an attestation: the manifest that it is about.
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// How layers are to be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recompress {
    /// In which way.
    pub compression: Compression,
    /// How much; each way has its own numbers, and a default.
    pub level: Option<i32>,
    /// Which layers.
    pub scope: Scope,
    /// Of how many members a gzip stream is.
    pub members: Members,
    /// On how many threads. They do not change the bytes.
    pub threads: NonZeroUsize,
}

/// Which layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that are not compressed at all: what was pulled stays as it came.
    Plain,
    /// Those that are compressed in another way too (BuildKit's `force-compression`).
    All,
}

impl Recompress {
    /// Plain layers in one way, at its default level, on all processors.
    #[must_use]
    pub fn plain(compression: Compression) -> Recompress {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Recompress {
            compression,
            level: None,
            scope: Scope::Plain,
            members: Members::Many,
            threads,
        }
    }

    /// Whether only layers will do that were compressed at this very level: someone who names a level, and wants all
    /// layers in it, means it, and so does who wants a single member.
    pub(crate) fn is_exact(&self) -> bool {
        self.scope == Scope::All && self.level.is_some() || self.members == Members::One
    }

    /// Whether a layer that is made now is best compressed at once.
    pub(crate) fn is_for_new_layers(&self) -> bool {
        self.compression != Compression::None && !self.is_exact()
    }

    /// Whether a layer is left as it is.
    #[must_use]
    pub fn keeps(&self, layer: &Descriptor) -> bool {
        match layer.media_type.layer_compression() {
            _ if layer.media_type.is_foreign() => true,
            None => true,
            Some(present) if present == self.compression => true,
            Some(Compression::None) => false,
            Some(_) => self.scope == Scope::Plain,
        }
    }
}

impl Store {
    /// The same image with its layers compressed, ready to be saved or pushed. For an index, the same with each of
    /// its images that is here.
    ///
    /// A layer is compressed once: the blob is kept, and known under the layer's diff ID. The image in the store
    /// stays as it is; what comes back has no name. If nothing needs compressing it is `root` itself.
    ///
    /// # Errors
    /// [`Error::NoSuchBlob`] and the like for what is missing, [`Error::Compress`] if a layer cannot be read or the
    /// compression has no such level, [`Error::Content`] if a layer does not have its diff ID, [`Error::Io`] if
    /// blobs cannot be stored.
    pub fn recompress(&self, root: &Descriptor, how: &Recompress) -> Result<Descriptor, Error> {
        match self.document(root)? {
            Document::Manifest(manifest) => self.recompress_manifest(root, manifest, how),
            Document::Index(index) => self.recompress_index(root, index, how),
        }
    }

    fn recompress_manifest(
        &self,
        descriptor: &Descriptor,
        mut manifest: Manifest,
        how: &Recompress,
    ) -> Result<Descriptor, Error> {
        if manifest.layers.iter().all(|layer| how.keeps(layer)) {
            return Ok(descriptor.clone());
        }
        let diff_ids = self.config(&manifest.config)?.rootfs.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            let (digest, layers) = (descriptor.digest.clone(), manifest.layers.len());
            return Err(Error::LayerCount {
                digest,
                layers,
                diff_ids: diff_ids.len(),
            });
        }
        let docker = *manifest.media_type() == MediaType::DockerManifest;
        for (layer, diff_id) in manifest.layers.iter_mut().zip(&diff_ids) {
            if !how.keeps(layer) {
                let mut compressed = self.compressed_layer(layer, diff_id, how, &|_| ())?;
                compressed.media_type = media_type(how.compression, docker);
                *layer = compressed;
            }
        }
        self.put_like(descriptor, &manifest.to_bytes())
    }

    /// A blob of a layer that was made here, compressed so: a known one, or a new one, which is kept, and which `begun` may
    /// read, or stop, while it is made.
    ///
    /// # Errors
    /// [`Error::NoSuchBlob`] if the layer cannot be made any more, [`Error::Compress`] if it cannot be compressed;
    /// [`Error::Io`].
    pub fn layer_blob(
        &self,
        layer: &Sealed,
        how: &Recompress,
        begun: &dyn Fn(Growing),
    ) -> Result<Descriptor, Error> {
        let digest = layer.diff_id.digest().clone();
        let plain = Descriptor::new(MediaType::OciLayer, digest, layer.tar_size);
        match how.keeps(&plain) {
            true => Ok(plain),
            false => self.compressed_layer(&plain, &layer.diff_id, how, begun),
        }
    }

    /// Attestations follow the manifests that they are about to their new digests.
    fn recompress_index(
        &self,
        descriptor: &Descriptor,
        mut index: Index,
        how: &Recompress,
    ) -> Result<Descriptor, Error> {
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        for child in &mut index.manifests {
            if !self.has_blob(&child.digest)? {
                continue;
            }
            let compressed = self.recompress(child, how)?;
            renamed.insert(child.digest.to_string(), compressed.digest.to_string());
            *child = compressed;
        }
        for child in &mut index.manifests {
            if let Some(about) = child.annotations.get_mut(REFERENCE_DIGEST)
                && let Some(new) = renamed.get(about)
            {
                about.clone_from(new);
            }
        }
        // A document that is not changed stays as it was written.
        if renamed.iter().all(|(old, new)| old == new) {
            return Ok(descriptor.clone());
        }
        self.put_like(descriptor, &index.to_bytes())
    }

    /// Stores the new form of a document, described as the old one.
    fn put_like(&self, old: &Descriptor, bytes: &[u8]) -> Result<Descriptor, Error> {
        let new = self.put_bytes(old.media_type.clone(), bytes)?;
        Ok(Descriptor {
            digest: new.digest,
            size: new.size,
            ..old.clone()
        })
    }

    /// A blob of the layer that is compressed so: a known one, or a new one, which `begun` may read while it is made.
    ///
    /// # Errors
    /// As [`recompress`](Self::recompress).
    pub fn compressed_layer(
        &self,
        layer: &Descriptor,
        diff_id: &DiffId,
        how: &Recompress,
        begun: &dyn Fn(Growing),
    ) -> Result<Descriptor, Error> {
        if let Some(known) = self.known_compressed(diff_id, how)? {
            return Ok(known);
        }
        let written = self.compress(layer, how, begun)?;
        check_diff_id(diff_id, written.diff_id.digest().clone())?;
        let made = written.keep(how)?;
        self.update_layer(diff_id, |known| {
            known.size = Some(written.tar_size);
            known.add_blob(&made);
        })?;
        Ok(made)
    }

    /// The blob of a layer that was compressed so before.
    ///
    /// # Errors
    /// [`Error::Io`] if the layer's record cannot be read.
    pub fn known_compressed(
        &self,
        diff_id: &DiffId,
        how: &Recompress,
    ) -> Result<Option<Descriptor>, Error> {
        if how.is_exact() {
            return Ok(None);
        }
        let known = self.layer(diff_id)?.unwrap_or_default();
        let alike =
            |blob: &Descriptor| blob.media_type.layer_compression() == Some(how.compression);
        for blob in known.blobs.into_iter().filter(alike) {
            if self.has_file(&blob.digest)? {
                return Ok(Some(blob));
            }
        }
        Ok(None)
    }

    fn compress(
        &self,
        layer: &Descriptor,
        how: &Recompress,
        begun: &dyn Fn(Growing),
    ) -> Result<WrittenLayer, Error> {
        let failed = |source| Error::Compress {
            digest: layer.digest.clone(),
            source,
        };
        let mut blob = self.blob_writer()?;
        begun(blob.watch()?);
        let mut writer = LayerWriter::compressing(blob, how)?;
        match self.blob_content(&layer.digest)? {
            BlobContent::File(file) => {
                let (_, plain) = decoder(file).map_err(failed)?;
                writer.copy(plain).map_err(failed)?;
            }
            BlobContent::Layer(made_here) => writer = self.write_remade(&made_here, writer)?,
        }
        writer.finish().map_err(failed)
    }
}

/// A layer's tar must be the one that the configuration names.
pub(crate) fn check_diff_id(expected: &DiffId, actual: Digest) -> Result<(), Error> {
    if *expected.digest() == actual {
        return Ok(());
    }
    let digest = expected.digest().clone();
    let source = oci::Error::DigestMismatch {
        expected: digest.clone(),
        actual,
    };
    Err(Error::Content { digest, source })
}

/// The name of a layer that is compressed so, in an OCI manifest or in Docker's.
pub(crate) fn media_type(compression: Compression, docker: bool) -> MediaType {
    match (compression, docker) {
        (Compression::Gzip, false) => MediaType::OciLayerGzip,
        (Compression::Zstd, false) => MediaType::OciLayerZstd,
        (_, false) => MediaType::OciLayer,
        (Compression::Gzip, true) => MediaType::DockerLayerGzip,
        (Compression::Zstd, true) => MediaType::DockerLayerZstd,
        (_, true) => MediaType::DockerLayer,
    }
}
