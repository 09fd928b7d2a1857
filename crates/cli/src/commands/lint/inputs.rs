//! Which files are looked at.

mod gitignore;
mod name;
mod walk;

use super::flags::Args;
use crate::command_error::CommandError;
use crate::exit::Exit;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// No Dockerfile is longer.
const LIMIT: u64 = 16 << 20;

/// What is looked at when nothing is named: the first of these that is there.
const USUAL: [&str; 3] = ["Dockerfile", "Containerfile", "dockerfile"];

/// A file, or standard input.
#[derive(Debug)]
pub(super) struct Input {
    /// `None` is standard input.
    pub(super) path: Option<PathBuf>,
    /// The name that it is shown by.
    pub(super) shown: String,
}

/// What there is to look at, and what is not there.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) files: Vec<Input>,
    pub(super) errors: Vec<CommandError>,
}

/// The files that are named, and those in the folders that are.
pub(super) fn find(args: &Args) -> Result<Inputs, CommandError> {
    let mut inputs = Inputs::default();
    if args.paths.is_empty() {
        inputs.files.push(usual(args.hadolint_compat)?);
    }
    for path in &args.paths {
        if path == Path::new("-") {
            inputs.files.push(Input {
                path: None,
                shown: "-".to_owned(),
            });
        } else if path.is_dir() {
            let walked = walk::walk(path);
            let files = walked
                .files
                .iter()
                .map(|file| Input::new(file.strip_prefix(".").unwrap_or(file)));
            inputs.files.extend(files);
            inputs.errors.extend(walked.errors);
        } else {
            inputs.files.push(Input::new(path));
        }
    }
    Ok(inputs)
}

fn usual(compatible: bool) -> Result<Input, CommandError> {
    if compatible {
        return Err(CommandError::new("Please provide a Dockerfile"));
    }
    let found = USUAL.iter().map(Path::new).find(|path| path.is_file());
    found.map(Input::new).ok_or_else(|| {
        CommandError::new("there is no Dockerfile here")
            .hint("name files, or a directory to look for them in: carafe lint .")
            .exit_with(Exit::Usage)
    })
}

impl Input {
    fn new(path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
            shown: path.display().to_string(),
        }
    }

    /// The folder that it is in; for standard input the one where the user is.
    pub(super) fn folder(&self) -> &Path {
        let folder = self.path.as_deref().and_then(Path::parent);
        let named = folder.filter(|folder| !folder.as_os_str().is_empty());
        named.unwrap_or(Path::new("."))
    }

    /// What is in it.
    pub(super) fn read(&self) -> Result<Vec<u8>, CommandError> {
        let failed = |error| CommandError::io(format_args!("read {}", self.shown), error);
        let mut bytes = Vec::new();
        let read = match &self.path {
            None => io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes),
            Some(path) => {
                File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
            }
        };
        read.map_err(failed)?;
        match bytes.len() as u64 > LIMIT {
            true => Err(CommandError::new(format!(
                "{} is longer than any Dockerfile",
                self.shown
            ))),
            false => Ok(bytes),
        }
    }
}
