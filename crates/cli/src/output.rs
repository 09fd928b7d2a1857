//! Writing results to standard output and words for people to standard error.

mod file;
mod packed;

pub(crate) use file::OutputFile;
pub(crate) use packed::{PackedOutput, compression_of_name};

use crate::command_error::CommandError;
use std::io::{self, Write};

/// Writes a result to standard output. A reader that went away (`carafe images | head -1`) is no error.
pub(crate) fn result(text: &str) -> Result<(), CommandError> {
    is_read(text).map(drop)
}

/// Writes a part of a result that goes on and on, and says whether there still is a reader.
pub(crate) fn is_read(text: &str) -> Result<bool, CommandError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CommandError::io("write to standard output", error)),
    }
}

/// Writes to standard error. Where that fails there is nobody to tell.
pub(crate) fn note(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
