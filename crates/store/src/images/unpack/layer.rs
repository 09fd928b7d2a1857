//! One layer, by itself: its blob is fetched and kept, decompressed, and unpacked, each by a thread of its own.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use oci::{Descriptor, compression};

use super::watched::{Watched, was_stopped};
use super::{ImageLayer, Work};
use crate::archive::check_diff_id;
use crate::blobs::{BlobWriter, Kept, stream};
use crate::{Applied, Draft, Error, apply};

impl Work<'_> {
    pub(super) fn unpack(&self, layer: &ImageLayer) -> Result<(Draft, Applied), Error> {
        let blob = &layer.blob;
        let (draft, applied) = if self.store.has_blob(&blob.digest)? {
            let draft = self.store.draft()?;
            let content = self.store.open_blob(&blob.digest)?;
            let applied = self.apply(&mut self.watch(blob, content), blob, &draft)?;
            (draft, applied)
        } else {
            self.fetch(blob)?
        };
        check_diff_id(&layer.diff_id, applied.diff_id.digest().clone())?;
        Ok((draft, applied))
    }

    /// Unpacks a blob while it comes, and keeps it. Of one that came in part, to whatever process, the rest is fetched; if it
    /// is wrong then, all of it.
    fn fetch(&self, blob: &Descriptor) -> Result<(Draft, Applied), Error> {
        let draft = self.store.draft()?;
        let writer = self.store.resuming_writer(blob)?;
        let present = writer.present();
        let source_failed = AtomicBool::new(false);
        let content = self.rest(blob, &writer, &source_failed)?;
        let mut kept = Kept {
            content: self.watch(blob, content),
            writer,
        };
        let error = match self.apply(&mut kept, blob, &draft) {
            Ok(applied) => match kept.writer.finish().keep_copy(blob) {
                Ok(()) => return Ok((draft, applied)),
                Err(error) => error,
            },
            Err(Error::Stopped) => return Err(Error::Stopped),
            Err(error) if source_failed.load(Ordering::Relaxed) => return Err(error),
            Err(error) => {
                kept.writer.discard();
                error
            }
        };
        match present {
            0 => Err(error),
            _ => self.fetch(blob),
        }
    }

    /// What is here of a blob, and then what is not.
    fn rest<'a>(
        &self,
        blob: &Descriptor,
        writer: &BlobWriter,
        failed: &'a AtomicBool,
    ) -> Result<Box<dyn Read + Send + 'a>, Error> {
        let missing = |source| Error::Source { source };
        let present = writer.present();
        let source = match present {
            0 => self.source.open(blob).map_err(missing)?,
            whole if whole == blob.size => Box::new(io::empty()),
            _ => self.source.open_at(blob, present).map_err(missing)?,
        };
        let source = Sourced { source, failed };
        Ok(match present {
            0 => Box::new(source),
            _ => Box::new(writer.present_content()?.chain(source)),
        })
    }

    fn watch<'a>(
        &'a self,
        blob: &'a Descriptor,
        content: Box<dyn Read + Send + 'a>,
    ) -> Watched<'a> {
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

/// A source, and whether it failed: what came before that is good.
struct Sourced<'a> {
    source: Box<dyn Read + Send>,
    failed: &'a AtomicBool,
}

impl Read for Sourced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer);
        if read
            .as_ref()
            .is_err_and(|e| e.kind() != io::ErrorKind::Interrupted)
        {
            self.failed.store(true, Ordering::Relaxed);
        }
        read
    }
}
