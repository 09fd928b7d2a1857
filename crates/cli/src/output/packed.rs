//! An archive that is compressed as a whole on its way to a file.

use super::OutputFile;
use crate::command_error::CommandError;
use oci::Compression;
use oci::compression::Encoder;
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use store::ArchiveOut;

/// What goes through is compressed.
pub(crate) struct PackedOutput(Encoder<OutputFile>);

/// How a file is compressed that has such a name: `.tar.gz`, `.tgz`, `.tar.zst`, `.tzst`.
pub(crate) fn compression_of_name(path: &Path) -> Compression {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match () {
        () if has(&[".gz", ".tgz"]) => Compression::Gzip,
        () if has(&[".zst", ".tzst"]) => Compression::Zstd,
        () => Compression::None,
    }
}

impl PackedOutput {
    pub(crate) fn new(file: OutputFile, compression: Compression) -> Result<Self, CommandError> {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let encoder = Encoder::new(compression, None, file, threads);
        let encoder = encoder.map_err(|error| CommandError::io("compress the archive", error))?;
        Ok(Self(encoder))
    }

    /// Ends the stream, and gives the file its name.
    pub(crate) fn finish(self) -> Result<(), CommandError> {
        let file = self.0.finish();
        let file = file.map_err(|error| CommandError::io("write the archive", error))?;
        file.finish()?;
        Ok(())
    }
}

impl Write for PackedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl ArchiveOut for PackedOutput {
    fn write_file(&mut self, file: &File, length: u64) -> io::Result<u64> {
        io::copy(&mut file.take(length), self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_it() {
        let of = |name: &str| compression_of_name(Path::new(name));
        assert_eq!(
            (of("a.tar.gz"), of("d/a.tgz")),
            (Compression::Gzip, Compression::Gzip)
        );
        assert_eq!(
            (of("a.tar.zst"), of("a.tzst")),
            (Compression::Zstd, Compression::Zstd)
        );
        assert_eq!(
            (of("a.tar"), of("gz"), of("a.gz/b")),
            (Compression::None, Compression::None, Compression::None)
        );
    }
}
