//! A file that is whole or not there: written under another name, then renamed.

use crate::command_error::CommandError;
use crate::signals;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use store::ArchiveOut;

/// What is copied at a time.
const PIECE: u64 = 64 << 20;

/// The result of a command, on its way to a file or to standard output. Dropped before [`finish`](Self::finish), it leaves
/// nothing. Writing fails once the user asked to stop.
pub(crate) struct OutputFile {
    out: BufWriter<File>,
    /// The file's temporary and its final name.
    rename: Option<(PathBuf, PathBuf)>,
    shown: String,
    bytes: u64,
}

impl OutputFile {
    /// Begins to write; `None` is standard output. What is no ordinary file (a pipe, a device) is written as it stands.
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, CommandError> {
        let new = |out: File, rename, shown| Self {
            out: BufWriter::with_capacity(256 << 10, out),
            rename,
            shown,
            bytes: 0,
        };
        let Some(path) = path else {
            let shown = "standard output";
            let stdout = io::stdout().as_fd().try_clone_to_owned();
            let stdout =
                stdout.map_err(|error| CommandError::io(format_args!("write {shown}"), error))?;
            return Ok(new(stdout.into(), None, shown.to_owned()));
        };
        let shown = path.display().to_string();
        let failed = |error| CommandError::file("write", path, error);
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return Ok(new(file, None, shown));
        }
        // A link stays a link: what it leads to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = target
            .file_name()
            .ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?;
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.part", std::process::id()));
        let temporary = target.with_file_name(temporary);
        let file = File::create(&temporary).map_err(failed)?;
        Ok(new(file, Some((temporary, target)), shown))
    }

    /// Gives the file its name, and the number of bytes in it.
    pub(crate) fn finish(mut self) -> Result<u64, CommandError> {
        let shown = self.shown.clone();
        let failed = |error| CommandError::io(format_args!("write {shown}"), error);
        self.out.flush().map_err(failed)?;
        if let Some((from, to)) = &self.rename {
            fs::rename(from, to).map_err(failed)?;
        }
        self.rename = None;
        Ok(self.bytes)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        check_stop()?;
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl ArchiveOut for OutputFile {
    fn write_file(&mut self, file: &File, length: u64) -> io::Result<u64> {
        let mut written = 0;
        // In pieces, between which the user may say stop.
        while written < length {
            check_stop()?;
            let mut piece = file.take((length - written).min(PIECE));
            let copied = io::copy(&mut piece, &mut self.out)?;
            if copied == 0 {
                break;
            }
            written += copied;
        }
        self.bytes += written;
        Ok(written)
    }
}

fn check_stop() -> io::Result<()> {
    match signals::exit() {
        Some(_) => Err(io::Error::other("stopped")),
        None => Ok(()),
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.rename {
            let _ = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OutputFile;
    use std::io::Write;

    #[test]
    fn whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.tar");
        let mut file = OutputFile::create(Some(&path)).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut file = OutputFile::create(Some(&path)).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(file.finish().unwrap(), 5);
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn devices_are_written_as_they_stand() {
        let mut file = OutputFile::create(Some(std::path::Path::new("/dev/null"))).unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(file.finish().unwrap(), 1);
    }
}
