//! Where archives go.

use std::fs::File;
use std::io::{self, Read, Write};

/// A stream that an archive is written to. Blobs are files already: a stream that is one, too, can let the kernel copy them.
pub trait ArchiveOut: Write {
    /// Writes `length` bytes of a file, or as many as there are, and says how many.
    ///
    /// # Errors
    /// When the file cannot be read or the stream fails.
    fn write_file(&mut self, file: &File, length: u64) -> io::Result<u64>;
}

impl ArchiveOut for Vec<u8> {
    fn write_file(&mut self, file: &File, length: u64) -> io::Result<u64> {
        io::copy(&mut file.take(length), self)
    }
}
