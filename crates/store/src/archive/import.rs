//! `import`: a root filesystem in an archive becomes an image.

use std::io::{self, BufReader, Cursor, Read};

use oci::{
    Compression, Descriptor, DiffId, DigestReader, History, ImageConfig, Manifest, MediaType,
    compression, tar,
};

use crate::blobs::Kept;
use crate::{Error, Image, Store};

/// The archive is read so much at a time.
const BUFFER: usize = 128 << 10;

impl Store {
    /// Makes an image with one layer of an archive, compressed in whatever way or not at all. `config` says what
    /// the image is for and how to run it; its layers and history are replaced. The layer is kept as it came.
    ///
    /// # Errors
    /// [`Error::Archive`] and [`Error::Read`] if it is no archive or its stream fails, [`Error::Io`] if it cannot
    /// be stored.
    pub fn import(
        &self,
        archive: &mut (dyn Read + Send),
        mut config: ImageConfig,
        comment: &str,
    ) -> Result<Image, Error> {
        let (layer, diff_id) = self.import_layer(archive)?;
        config.rootfs.diff_ids = vec![diff_id];
        config.history = vec![History {
            created: config.created.clone(),
            comment: comment.to_owned(),
            ..History::default()
        }];
        let platform = config.platform();
        let config = self.put_bytes(MediaType::OciConfig, &config.to_bytes())?;
        let manifest = Manifest::new(config, vec![layer]).to_bytes();
        let manifest = self.put_bytes(MediaType::OciManifest, &manifest)?;
        self.add_image(&Descriptor {
            platform: Some(platform),
            ..manifest
        })
    }

    /// Stores the archive and looks through it, in one go.
    fn import_layer(&self, archive: &mut (dyn Read + Send)) -> Result<(Descriptor, DiffId), Error> {
        let mut start = Vec::with_capacity(Compression::MAGIC_LEN);
        let magic = Compression::MAGIC_LEN as u64;
        archive
            .take(magic)
            .read_to_end(&mut start)
            .map_err(unreadable)?;
        let compression = Compression::detect(&start);
        let whole = Cursor::new(start).chain(archive);
        let writer = self.blob_writer()?;
        let (writer, diff_id, media_type) = match compression {
            // OCI has no names for these.
            Compression::Bzip2 | Compression::Xz => {
                let (_, plain) = compression::decoder(whole).map_err(unreadable)?;
                let mut kept = Kept {
                    content: plain,
                    writer,
                };
                let diff_id = look_through(&mut kept)?;
                (kept.writer, diff_id, MediaType::OciLayer)
            }
            _ => {
                let mut kept = Kept {
                    content: whole,
                    writer,
                };
                let (_, plain) = compression::decoder(&mut kept).map_err(unreadable)?;
                let diff_id = look_through(plain)?;
                // A decompressor may stop before the end.
                io::copy(&mut kept, &mut io::sink()).map_err(unreadable)?;
                let media_type = match compression {
                    Compression::Gzip => MediaType::OciLayerGzip,
                    Compression::Zstd => MediaType::OciLayerZstd,
                    _ => MediaType::OciLayer,
                };
                (kept.writer, diff_id, media_type)
            }
        };
        let blob = writer.finish();
        blob.keep()?;
        Ok((
            Descriptor::new(media_type, blob.digest().clone(), blob.size()),
            diff_id,
        ))
    }
}

/// Reads a tar to its end: all that is known of it then is that it is one, and its digest.
fn look_through(plain: impl Read) -> Result<DiffId, Error> {
    let plain = BufReader::with_capacity(BUFFER, DigestReader::new(plain));
    let mut reader = tar::Reader::new(plain);
    while reader
        .next_entry()
        .map_err(|source| Error::Archive { source })?
        .is_some()
    {}
    let mut rest = reader.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(unreadable)?;
    let (_, digest, _) = rest.into_inner().finish();
    Ok(DiffId(digest))
}

fn unreadable(source: io::Error) -> Error {
    Error::Read {
        what: "the archive".to_owned(),
        source,
    }
}
