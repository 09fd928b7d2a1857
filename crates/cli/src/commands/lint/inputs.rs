//! Which files are looked at.

use super::flags::Args;
use crate::command_error::CommandError;
use dockerfile::Source;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// No Dockerfile is longer.
const LIMIT: u64 = 16 << 20;

/// A file, or standard input.
#[derive(Debug)]
pub(super) struct Input {
    /// `None` is standard input.
    path: Option<PathBuf>,
    /// The name that it is shown by.
    shown: String,
}

/// The files that are named.
pub(super) fn find(args: &Args) -> Result<Vec<Input>, CommandError> {
    let inputs = args.paths.iter().map(|path| Input {
        path: (path != Path::new("-")).then(|| path.clone()),
        shown: path.display().to_string(),
    });
    Ok(inputs.collect())
}

impl Input {
    /// Its text.
    pub(super) fn read(&self) -> Result<Source, CommandError> {
        let failed = |error| CommandError::io(format_args!("read {}", self.shown), error);
        let mut bytes = Vec::new();
        match &self.path {
            None => io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes),
            Some(path) => std::fs::File::open(path)
                .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)),
        }
        .map_err(failed)?;
        if bytes.len() as u64 > LIMIT {
            return Err(CommandError::new(format!(
                "{} is too long for a Dockerfile",
                self.shown
            )));
        }
        Ok(Source::new(&self.shown, String::from_utf8_lossy(&bytes)))
    }
}
