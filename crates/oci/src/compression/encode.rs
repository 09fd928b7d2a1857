use std::io::{self, Write};
use std::num::NonZeroUsize;

use super::gzip::GzipEncoder;
use super::{Compression, Members};

/// Compresses a stream. The same bytes and the same level always give the same bytes, whatever
/// the number of threads; memory is bounded by it.
pub struct Encoder<W: Write> {
    inner: Inner<W>,
}

enum Inner<W: Write> {
    None(W),
    Gzip(GzipEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Compresses into `writer`. Without a `level` it is gzip's 2 (of 0 to 9, and on to 12) and
    /// zstd's 2 (of 1 to 22).
    ///
    /// # Errors
    /// Of kind `Unsupported` for what can only be read, `InvalidInput` for a level that is none.
    pub fn new(
        compression: Compression,
        level: Option<i32>,
        writer: W,
        threads: NonZeroUsize,
    ) -> io::Result<Self> {
        let inner = match compression {
            Compression::None => Inner::None(writer),
            Compression::Gzip => {
                return Self::gzip(level, Members::Many, writer, threads);
            }
            Compression::Zstd => Inner::Zstd(zstd_encoder(level.unwrap_or(2), writer, threads)?),
            Compression::Bzip2 | Compression::Xz => {
                let message = "bzip2 and xz are only decompressed";
                return Err(io::Error::new(io::ErrorKind::Unsupported, message));
            }
        };
        Ok(Self { inner })
    }

    /// The same for gzip, with the members that are asked for.
    ///
    /// # Errors
    /// Of kind `InvalidInput` for a level that is none.
    pub fn gzip(
        level: Option<i32>,
        members: Members,
        writer: W,
        threads: NonZeroUsize,
    ) -> io::Result<Self> {
        let encoder = GzipEncoder::new(level.unwrap_or(2), members, writer, threads)?;
        let inner = Inner::Gzip(encoder);
        Ok(Self { inner })
    }

    /// Compresses what is left, and gives the writer back.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn finish(self) -> io::Result<W> {
        match self.inner {
            Inner::None(writer) => Ok(writer),
            Inner::Gzip(encoder) => encoder.finish(),
            Inner::Zstd(encoder) => encoder.finish(),
        }
    }
}

fn zstd_encoder<W: Write>(
    level: i32,
    writer: W,
    threads: NonZeroUsize,
) -> io::Result<zstd::stream::write::Encoder<'static, W>> {
    if !(1..=22).contains(&level) {
        let message = format!("zstd has no level {level}: it must be 1 to 22");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut encoder = zstd::stream::write::Encoder::new(writer, level)?;
    // One worker and several make the same bytes, no worker makes others.
    encoder.multithread(u32::try_from(threads.get()).unwrap_or(u32::MAX).min(64))?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::None(writer) => writer.write(buf),
            Inner::Gzip(encoder) => encoder.write(buf),
            Inner::Zstd(encoder) => encoder.write(buf),
        }
    }

    /// Does nothing to what is not compressed yet: where blocks end must not depend on who flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::compression::decoder;

    fn encode(compression: Compression, threads: usize, content: &[u8], piece: usize) -> Vec<u8> {
        let threads = NonZeroUsize::new(threads).unwrap();
        let mut encoder = Encoder::new(compression, None, Vec::new(), threads).unwrap();
        for piece in content.chunks(piece) {
            encoder.write_all(piece).unwrap();
        }
        encoder.finish().unwrap()
    }

    #[test]
    fn bytes_depend_on_the_content_only() {
        let content: Vec<u8> = (0..1_500_000_u32)
            .flat_map(|n| (n / 3).to_le_bytes())
            .collect();
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            for content in [b"".as_slice(), b"x", &content[..1 << 20], &content] {
                let one = encode(compression, 1, content, usize::MAX);
                let three = encode(compression, 3, content, 70_000);
                assert!(one == three, "{compression:?} of {} bytes", content.len());
                let (detected, mut reader) = decoder(one.as_slice()).unwrap();
                assert_eq!(detected, compression);
                let mut decoded = Vec::new();
                reader.read_to_end(&mut decoded).unwrap();
                assert!(decoded == content);
            }
        }
    }

    #[test]
    fn one_member_is_whole_and_the_same_on_any_number_of_threads() {
        let text: Vec<u8> = (0..1_500_000_u32)
            .flat_map(|n| (n / 3).to_le_bytes())
            .collect();
        let noise: Vec<u8> = (0..3_000_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for content in [b"".as_slice(), b"x", &text[..1 << 20], &text, &noise] {
            for level in [None, Some(0), Some(9), Some(12)] {
                let encode = |threads| {
                    let threads = NonZeroUsize::new(threads).unwrap();
                    let mut encoder =
                        Encoder::gzip(level, Members::One, Vec::new(), threads).unwrap();
                    encoder.write_all(content).unwrap();
                    encoder.finish().unwrap()
                };
                let one = encode(1);
                assert!(one == encode(3));
                // This one reads the first member, and leaves what follows.
                let mut first = flate2::bufread::GzDecoder::new(one.as_slice());
                let mut decoded = Vec::new();
                first.read_to_end(&mut decoded).unwrap();
                assert!(decoded == content, "{} bytes", content.len());
                assert!(first.into_inner().is_empty());
            }
        }
    }

    #[test]
    fn a_failing_writer_stops_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for threads in [1, 2] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let mut encoder = Encoder::new(Compression::Gzip, Some(1), Full, threads).unwrap();
            let written = (0..64).try_for_each(|_| encoder.write_all(&[0; 1 << 20]));
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn what_cannot_be() {
        let new = |compression, level| {
            let encoder = Encoder::new(compression, level, Vec::new(), NonZeroUsize::MIN);
            encoder.map(drop).unwrap_err().kind()
        };
        assert_eq!(new(Compression::Xz, None), io::ErrorKind::Unsupported);
        assert_eq!(
            new(Compression::Gzip, Some(13)),
            io::ErrorKind::InvalidInput
        );
        assert_eq!(
            new(Compression::Gzip, Some(-1)),
            io::ErrorKind::InvalidInput
        );
        assert_eq!(
            new(Compression::Zstd, Some(23)),
            io::ErrorKind::InvalidInput
        );
    }
}
