//! A context at hand: a folder of the user's, or one that was fetched, whose links lead nowhere else.

use super::{DOCKERFILE, text};
use crate::command_error::CommandError;
use builder::{IgnoreFile, LocalContext, Origin};
use dockerfile::Source;
use rootfs::Root;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A folder that is a context.
pub(super) struct Folder {
    context: LocalContext,
    /// For one that was fetched: its text may name any file, and gets none but its own.
    root: Option<Root>,
}

impl Folder {
    /// A folder of the user's.
    pub(super) fn of_host(directory: PathBuf) -> Self {
        let context = LocalContext {
            directory,
            ignore: None,
            origin: Origin::Host,
        };
        Self {
            context,
            root: None,
        }
    }

    /// One that was fetched.
    pub(super) fn fetched(context: LocalContext) -> Result<Self, CommandError> {
        let root = Some(Root::open(&context.directory)?);
        Ok(Self { context, root })
    }

    /// The context, without its ignore file.
    pub(super) fn into_context(self) -> LocalContext {
        self.context
    }

    /// The Dockerfile and the ignore file that goes with it.
    pub(super) fn dockerfile(
        &self,
        named: Option<&str>,
    ) -> Result<(Source, Option<IgnoreFile>), CommandError> {
        let path = self.dockerfile_path(named);
        // A pipe is fine if the user names it: `-f <(generate)`.
        let opened = match named {
            Some(_) if self.is_of_user(&path) => File::open(&path),
            _ => self.open(&path),
        };
        let file = opened.map_err(|error| {
            let hint = self.hint(&path, error.kind());
            let error = CommandError::file("read", &path, error);
            match hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?;
        let name = shown(&path);
        let source = Source::new(&name, text(&name, file)?);
        Ok((source, self.ignore(Some(&path))?))
    }

    /// `NAME.dockerignore` beside the Dockerfile stands in for `.dockerignore`.
    pub(super) fn ignore(
        &self,
        dockerfile: Option<&Path>,
    ) -> Result<Option<IgnoreFile>, CommandError> {
        let beside = dockerfile.map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".dockerignore");
            PathBuf::from(name)
        });
        for path in beside.into_iter().chain([self.path(".dockerignore")]) {
            match self.open(&path) {
                Ok(file) => {
                    let name = shown(&path);
                    let text = text(&name, file)?;
                    return Ok(Some(IgnoreFile { name, text }));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(CommandError::file("read", &path, error)),
            }
        }
        Ok(None)
    }

    /// Where a file of the context is: a path of the host, or in the context if that was fetched.
    fn path(&self, name: &str) -> PathBuf {
        match self.root {
            Some(_) => PathBuf::from(name),
            None => self.context.directory.join(name),
        }
    }

    /// In a folder `-f` starts from where the user is; what was fetched is a place of its own.
    fn dockerfile_path(&self, named: Option<&str>) -> PathBuf {
        match named {
            Some(path) => PathBuf::from(path),
            None => {
                let usual = self.path(DOCKERFILE);
                let lower = self.path("dockerfile");
                match (self.open(&usual), self.open(&lower)) {
                    (Err(error), Ok(_)) if error.kind() == io::ErrorKind::NotFound => lower,
                    _ => usual,
                }
            }
        }
    }

    /// Whether a path is one of the host's.
    fn is_of_user(&self, path: &Path) -> bool {
        self.root.is_none() || path.is_absolute()
    }

    /// Opens a regular file: what the context, not the user, put there may be a pipe that nobody writes to.
    fn open(&self, path: &Path) -> io::Result<File> {
        match &self.root {
            Some(root) if !self.is_of_user(path) => {
                root.open_file(path).map_err(|error| match error.io_kind() {
                    Some(io::ErrorKind::NotFound) => rustix::io::Errno::NOENT.into(),
                    kind => io::Error::from(kind.unwrap_or(io::ErrorKind::InvalidInput)),
                })
            }
            _ if fs::metadata(path)?.is_file() => File::open(path),
            _ => {
                let reason = "it is not a regular file";
                Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
            }
        }
    }

    fn hint(&self, path: &Path, kind: io::ErrorKind) -> Option<String> {
        if kind != io::ErrorKind::NotFound {
            return None;
        }
        let directory = &self.context.directory;
        let inside = directory.join(path);
        if self.root.is_none() && inside.exists() {
            let inside = inside.display();
            return Some(format!(
                "-f starts from where you are: did you mean -f {inside}?"
            ));
        }
        let entries = fs::read_dir(directory).ok()?;
        let names = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut like: Vec<String> = names
            .filter(|n| n.to_lowercase().contains("dockerfile") && !n.ends_with("ignore"))
            .collect();
        like.sort();
        like.truncate(5);
        match like.is_empty() {
            true => Some("name the Dockerfile with -f FILE".to_owned()),
            false => Some(format!("there are: {}; name one with -f", like.join(", "))),
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix("./")
        .unwrap_or(path)
        .display()
        .to_string()
}
