//! Where the Dockerfile and the build contexts are.

use crate::command_error::CommandError;
use builder::{IgnoreFile, LocalContext};
use dockerfile::Source;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A Dockerfile or ignore file that is longer is none.
const LIMIT: u64 = 16 << 20;

/// The folder that the positional argument names.
pub(super) fn directory(context: &str) -> Result<PathBuf, CommandError> {
    if context == "-" {
        return Err(CommandError::not_yet("a context from standard input (`-`)")
            .hint("unpack it, and name the folder"));
    }
    if is_remote(context) {
        return Err(
            CommandError::not_yet(format_args!("a remote context ({context})"))
                .hint("clone or download it, and name the folder"),
        );
    }
    let path = PathBuf::from(context);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Ok(path),
        Ok(_) => Err(
            CommandError::new(format!("the build context {context} is not a folder"))
                .hint("name the folder; a Dockerfile is named with -f"),
        ),
        Err(error) => Err(CommandError::file("read the build context", &path, error)),
    }
}

/// What `docker buildx build` takes for a URL or a repository.
pub(super) fn is_remote(text: &str) -> bool {
    let schemes = [
        "http://",
        "https://",
        "git://",
        "ssh://",
        "git@",
        "github.com/",
    ];
    schemes.iter().any(|scheme| text.starts_with(scheme))
}

/// The Dockerfile, and its path if it is a file.
pub(super) fn dockerfile(
    file: Option<&str>,
    context: &Path,
) -> Result<(Source, Option<PathBuf>), CommandError> {
    match file {
        Some("-") => {
            let text = text("standard input", io::stdin().lock())?;
            Ok((Source::new("Dockerfile (standard input)", text), None))
        }
        Some(url) if is_remote(url) => Err(CommandError::not_yet(format_args!(
            "a remote Dockerfile ({url})"
        ))),
        // A pipe is fine if the user names it: `-f <(generate)`.
        Some(path) => read(PathBuf::from(path), context, |path| File::open(path)),
        None => {
            let usual = context.join("Dockerfile");
            let lower = context.join("dockerfile");
            let found = if !usual.exists() && lower.exists() {
                lower
            } else {
                usual
            };
            read(found, context, open_regular)
        }
    }
}

fn read(
    path: PathBuf,
    context: &Path,
    open: impl Fn(&Path) -> io::Result<File>,
) -> Result<(Source, Option<PathBuf>), CommandError> {
    let file = match open(&path) {
        Ok(file) => file,
        Err(error) => {
            let hint = hint(&path, context, error.kind());
            let error = CommandError::file("read", &path, error);
            return Err(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            });
        }
    };
    let shown = path
        .strip_prefix("./")
        .unwrap_or(&path)
        .display()
        .to_string();
    let text = text(&shown, file)?;
    Ok((Source::new(shown, text), Some(path)))
}

fn hint(path: &Path, context: &Path, kind: io::ErrorKind) -> Option<String> {
    if kind != io::ErrorKind::NotFound {
        return None;
    }
    let inside = context.join(path);
    if inside.exists() {
        let inside = inside.display();
        return Some(format!(
            "-f starts from where you are: did you mean -f {inside}?"
        ));
    }
    let entries = fs::read_dir(context).ok()?;
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

/// Reads text that must not be endless. Bytes that are no UTF-8 (a comment in Latin-1) become the replacement character.
fn text(name: &str, from: impl Read) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CommandError::io(format_args!("read {name}"), error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(CommandError::new(format!(
            "{name} is larger than {} MiB",
            LIMIT >> 20
        )));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Opens a file that the context, not the user, put there: it may be a pipe that nobody writes to.
fn open_regular(path: &Path) -> io::Result<File> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return File::open(path);
    }
    let reason = "it is not a regular file";
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}

/// A context with its ignore file: `NAME.dockerignore` beside the Dockerfile stands in for `.dockerignore`.
pub(super) fn local(
    directory: PathBuf,
    dockerfile: Option<&Path>,
) -> Result<LocalContext, CommandError> {
    let mut beside = dockerfile.map(|path| path.as_os_str().to_owned());
    if let Some(name) = &mut beside {
        name.push(".dockerignore");
    }
    let candidates = beside
        .map(PathBuf::from)
        .into_iter()
        .chain([directory.join(".dockerignore")]);
    for path in candidates {
        match open_regular(&path) {
            Ok(file) => {
                let name = path
                    .strip_prefix("./")
                    .unwrap_or(&path)
                    .display()
                    .to_string();
                let text = text(&name, file)?;
                return Ok(LocalContext {
                    directory,
                    ignore: Some(IgnoreFile { name, text }),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CommandError::file("read", &path, error)),
        }
    }
    Ok(LocalContext {
        directory,
        ignore: None,
    })
}
