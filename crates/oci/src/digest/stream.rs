use std::io::{self, Read, Write};

use super::{Algorithm, Digest, Hasher};
use crate::{Descriptor, Error};

/// Passes bytes on to a writer, counts them and takes their SHA-256 digest.
#[derive(Debug)]
pub struct DigestWriter<W> {
    inner: W,
    hasher: Hasher,
    count: u64,
}

impl<W> DigestWriter<W> {
    /// Wraps `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(Algorithm::Sha256),
            count: 0,
        }
    }

    /// How many bytes went through so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The writer, the digest of what it got, and how many bytes that was.
    pub fn finish(self) -> (W, Digest, u64) {
        (self.inner, self.hasher.finish(), self.count)
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buf)?;
        self.hasher.update(&buf[..written]);
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Passes bytes on from a reader, counts them and takes their SHA-256 digest.
#[derive(Debug)]
pub struct DigestReader<R> {
    inner: R,
    hasher: Hasher,
    count: u64,
}

impl<R> DigestReader<R> {
    /// Wraps `inner`.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: Hasher::new(Algorithm::Sha256),
            count: 0,
        }
    }

    /// How many bytes went through so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The reader, the digest of what it gave, and how many bytes that was.
    pub fn finish(self) -> (R, Digest, u64) {
        (self.inner, self.hasher.finish(), self.count)
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.hasher.update(&buf[..read]);
        self.count += read as u64;
        Ok(read)
    }
}

/// Passes on the content that a descriptor names, and nothing else.
///
/// The last bytes are handed over only once size and digest have been found right, so whoever gets
/// all of the content has the right content. Whoever stops early (a tar reader stops at the end
/// of the archive) calls [`finish`](Self::finish), or reads to the end. What is wrong is told as an
/// [`io::Error`] of kind `InvalidData` around an [`Error`].
#[derive(Debug)]
pub struct VerifiedReader<R> {
    inner: R,
    hasher: Option<Hasher>,
    digest: Digest,
    size: u64,
    count: u64,
}

impl<R: Read> VerifiedReader<R> {
    /// Reads from `inner` what `descriptor` names.
    pub fn new(inner: R, descriptor: &Descriptor) -> Self {
        Self {
            inner,
            hasher: Some(Hasher::new(descriptor.digest.algorithm())),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            count: 0,
        }
    }

    /// Reads and checks what is left.
    ///
    /// # Errors
    /// When reading fails, or size or digest are not the descriptor's.
    pub fn finish(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(drop)
    }

    fn verify(&mut self) -> Result<(), Error> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        let actual = hasher.finish();
        if actual == self.digest {
            return Ok(());
        }
        // Asked again, it must fail again rather than report a clean end.
        self.hasher = Some(Hasher::new(self.digest.algorithm()));
        Err(Error::DigestMismatch {
            expected: self.digest.clone(),
            actual,
        })
    }

    fn at_end(&mut self) -> Result<(), Error> {
        if self.count < self.size {
            let (expected, actual) = (self.size, self.count);
            return Err(Error::TooShort {
                digest: self.digest.clone(),
                expected,
                actual,
            });
        }
        self.verify()
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.count += bytes.len() as u64;
        if self.count > self.size {
            return Err(Error::TooLong {
                digest: self.digest.clone(),
                expected: self.size,
            });
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        if self.count == self.size {
            self.verify()
        } else {
            Ok(())
        }
    }
}

impl<R: Read> Read for VerifiedReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let read = self.inner.read(buf)?;
        let checked = if read == 0 {
            self.at_end()
        } else {
            self.check(&buf[..read])
        };
        match checked {
            Ok(()) => Ok(read),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MediaType;

    fn descriptor(bytes: &[u8]) -> Descriptor {
        Descriptor::new(
            MediaType::OciLayer,
            Digest::sha256(bytes),
            bytes.len() as u64,
        )
    }

    fn cause(error: &io::Error) -> &Error {
        error.get_ref().unwrap().downcast_ref().unwrap()
    }

    #[test]
    fn counts_and_digests() {
        let mut writer = DigestWriter::new(Vec::new());
        writer.write_all(b"hello").unwrap();
        let (bytes, digest, count) = writer.finish();
        assert_eq!((bytes.as_slice(), count), (b"hello".as_slice(), 5));
        assert_eq!(digest, Digest::sha256(b"hello"));
        let mut reader = DigestReader::new(b"hello".as_slice());
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.finish().1, digest);
    }

    #[test]
    fn right_content_passes() {
        for bytes in [b"".as_slice(), b"content"] {
            let mut read = Vec::new();
            VerifiedReader::new(bytes, &descriptor(bytes))
                .read_to_end(&mut read)
                .unwrap();
            assert_eq!(read, bytes);
        }
    }

    #[test]
    fn wrong_content_is_withheld() {
        let mut reader = VerifiedReader::new(b"CONTENT".as_slice(), &descriptor(b"content"));
        let mut buf = [0; 7];
        for _ in 0..3 {
            let error = reader.read(&mut buf).unwrap_err();
            assert!(matches!(cause(&error), Error::DigestMismatch { .. }));
        }
    }

    #[test]
    fn wrong_size_is_told() {
        let short = VerifiedReader::new(b"cont".as_slice(), &descriptor(b"content"));
        let error = short.finish().unwrap_err();
        assert!(matches!(
            cause(&error),
            Error::TooShort {
                actual: 4,
                expected: 7,
                ..
            }
        ));
        let long = VerifiedReader::new(b"contents".as_slice(), &descriptor(b"content"));
        let error = long.finish().unwrap_err();
        assert!(matches!(cause(&error), Error::TooLong { expected: 7, .. }));
        let mut endless = VerifiedReader::new(io::repeat(0), &descriptor(b""));
        assert!(endless.read(&mut [0; 1]).is_err());
    }
}
