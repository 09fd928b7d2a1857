//! One layer, by itself: its blob is fetched and kept, decompressed, and unpacked, each by a thread of its own.

use std::io::{self, Read};

use oci::{Descriptor, compression};

use super::watched::{Watched, was_stopped};
use super::{ImageLayer, Work};
use crate::archive::check_diff_id;
use crate::blobs::{Kept, stream};
use crate::{Applied, Draft, Error, apply};

impl Work<'_> {
    pub(super) fn unpack(&self, layer: &ImageLayer) -> Result<(Draft, Applied), Error> {
        let draft = self.store.draft()?;
        let blob = &layer.blob;
        let applied = if self.store.has_blob(&blob.digest)? {
            let content = self.store.open_blob(&blob.digest)?;
            self.apply(&mut self.watch(blob, content), blob, &draft)?
        } else {
            let fetched = self
                .source
                .open(blob)
                .map_err(|source| Error::Source { source })?;
            let mut kept = Kept {
                content: self.watch(blob, fetched),
                writer: self.store.blob_writer_for(blob)?,
            };
            let applied = self.apply(&mut kept, blob, &draft)?;
            kept.writer.finish().keep_copy(blob)?;
            applied
        };
        check_diff_id(&layer.diff_id, applied.diff_id.digest().clone())?;
        Ok((draft, applied))
    }

    fn watch<'a>(&'a self, blob: &'a Descriptor, content: Box<dyn Read + Send>) -> Watched<'a> {
        Watched::new(content, Box::new(move |count| self.goes_on(blob, count)))
    }

    /// Most base images are one big layer: so reading it, decompressing it and making its files are three threads' work.
    fn apply(
        &self,
        content: &mut (dyn Read + Send),
        blob: &Descriptor,
        draft: &Draft,
    ) -> Result<Applied, Error> {
        std::thread::scope(|scope| {
            let (pieces, mut compressed) = stream();
            scope.spawn(|| pieces.pump(content));
            let decoder = compression::decoder(&mut compressed);
            let (_, tar) = decoder.map_err(|e| self.reading(blob, e))?;
            let applied = std::thread::scope(|scope| {
                let (pieces, tar_stream) = stream();
                scope.spawn(|| pieces.pump(tar));
                apply(tar_stream, &draft.dir())
            });
            let applied = applied.map_err(|error| match was_stopped(&error) {
                true => Error::Stopped,
                false => Error::UnpackLayer {
                    digest: blob.digest.clone(),
                    source: error,
                },
            })?;
            // A decompressor may stop before the end of the blob, all of which is what has the digest.
            io::copy(&mut compressed, &mut io::sink()).map_err(|e| self.reading(blob, e))?;
            Ok(applied)
        })
    }

    fn reading(&self, blob: &Descriptor, source: io::Error) -> Error {
        match was_stopped(&source) {
            true => Error::Stopped,
            false => Error::ReadBlob {
                digest: blob.digest.clone(),
                source,
            },
        }
    }
}
