//! What a container wrote, kept with the time and the stream of each piece.
//!
//! The file is a row of frames: one byte for the stream (`O` or `E`), the time as eight bytes (nanoseconds since 1970, little-endian), the
//! length as four, and the bytes as they came. A frame that was cut short by a crash is the last.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const HEADER: usize = 13;
/// Frames are written much shorter; a longer one is damage.
const LIMIT: usize = 16 << 20;

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Writes frames; several threads may.
#[derive(Debug)]
pub(crate) struct Writer {
    file: Mutex<File>,
}

impl Writer {
    /// Opens a log to add to it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        Ok(Self {
            file: Mutex::new(file),
        })
    }

    /// Adds what was written at this time.
    pub(crate) fn write(&self, stream: Stream, nanos: i64, bytes: &[u8]) -> io::Result<()> {
        let mut frame = Vec::with_capacity(HEADER + bytes.len());
        frame.push(if stream == Stream::Stdout { b'O' } else { b'E' });
        frame.extend_from_slice(&nanos.to_le_bytes());
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(bytes);
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(&frame)
    }
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) stream: Stream,
    /// Nanoseconds since 1970.
    pub(crate) nanos: i64,
    pub(crate) bytes: Vec<u8>,
}

/// Reads frames, also those that are still being added.
#[derive(Debug)]
pub(crate) struct Reader {
    file: BufReader<File>,
    /// Bytes of a frame that is not whole yet.
    pending: Vec<u8>,
}

impl Reader {
    /// Opens a log at its beginning.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufReader::new(File::open(path)?),
            pending: Vec::new(),
        })
    }

    /// The next frame; `None` at the end, which may move on later.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        if !self.fill(HEADER)? {
            return Ok(None);
        }
        let header = &self.pending[..HEADER];
        let stream = if header[0] == b'E' {
            Stream::Stderr
        } else {
            Stream::Stdout
        };
        let nanos = i64::from_le_bytes(header[1..9].try_into().expect("eight bytes"));
        let length = u32::from_le_bytes(header[9..].try_into().expect("four bytes")) as usize;
        if length > LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the log is damaged",
            ));
        }
        if !self.fill(HEADER + length)? {
            return Ok(None);
        }
        let bytes = self.pending.split_off(HEADER);
        self.pending.clear();
        Ok(Some(Frame {
            stream,
            nanos,
            bytes,
        }))
    }

    fn fill(&mut self, length: usize) -> io::Result<bool> {
        let missing = length.saturating_sub(self.pending.len());
        let mut part = (&mut self.file).take(missing as u64);
        part.read_to_end(&mut self.pending)?;
        Ok(self.pending.len() >= length)
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Reader, Stream, Writer};
    use std::io::Write;

    #[test]
    fn frames_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let writer = Writer::open(&path).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.next_frame().unwrap(), None);
        writer.write(Stream::Stdout, 1, b"out\n").unwrap();
        writer.write(Stream::Stderr, 2, b"\xff\x00").unwrap();
        let frame = |stream, nanos, bytes: &[u8]| {
            Some(Frame {
                stream,
                nanos,
                bytes: bytes.to_vec(),
            })
        };
        assert_eq!(
            reader.next_frame().unwrap(),
            frame(Stream::Stdout, 1, b"out\n")
        );
        assert_eq!(
            reader.next_frame().unwrap(),
            frame(Stream::Stderr, 2, b"\xff\x00")
        );
        assert_eq!(reader.next_frame().unwrap(), None);
        writer.write(Stream::Stdout, 3, b"later").unwrap();
        assert_eq!(
            reader.next_frame().unwrap(),
            frame(Stream::Stdout, 3, b"later")
        );
    }

    #[test]
    fn a_cut_frame_is_the_end_and_damage_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, b"O\0\0\0\0\0\0\0\0\x05\0\0\0ab").unwrap();
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.next_frame().unwrap(), None);
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(b"cde").unwrap();
        assert_eq!(reader.next_frame().unwrap().unwrap().bytes, b"abcde");
        file.write_all(b"O\0\0\0\0\0\0\0\0\xff\xff\xff\xff")
            .unwrap();
        assert!(reader.next_frame().is_err());
    }
}
