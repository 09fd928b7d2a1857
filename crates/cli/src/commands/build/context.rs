//! Where the Dockerfile and the build contexts are.

mod folder;
mod named;

pub(super) use named::read as named;

use super::flags::Args;
use crate::command_error::CommandError;
use builder::remote::{self, Credentials, FetchedContext, GitRepository, Remote};
use builder::{Environment, LocalContext};
use dockerfile::Source;
use folder::Folder;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A Dockerfile or ignore file that is longer is none.
const LIMIT: u64 = 16 << 20;

/// What Docker calls a Dockerfile.
const DOCKERFILE: &str = "Dockerfile";

/// What it takes to fetch a context.
pub(super) struct Means<'a> {
    pub(super) environment: &'a Environment<'a>,
    pub(super) credentials: Credentials<'a>,
    /// `BUILDKIT_CONTEXT_KEEP_GIT_DIR`.
    pub(super) keep_git_dir: bool,
    /// The Dockerfile itself, if it stands in a bake file.
    pub(super) inline: Option<&'a str>,
}

/// What the positional argument means.
enum Place {
    Folder(PathBuf),
    Remote(Remote),
    StandardInput,
}

impl Place {
    /// Whatever is a folder is meant as one.
    fn of(context: &str) -> Result<Self, CommandError> {
        if context == "-" {
            return Ok(Self::StandardInput);
        }
        let path = PathBuf::from(context);
        let found = fs::metadata(&path);
        if found.as_ref().is_ok_and(fs::Metadata::is_dir) {
            return Ok(Self::Folder(path));
        }
        let repository = GitRepository::parse_context(context);
        match repository.map_err(|error| CommandError::usage(error.to_string()))? {
            Some(repository) => return Ok(Self::Remote(Remote::Git(repository))),
            None if remote::is_web(context) => {
                return Ok(Self::Remote(Remote::web_context(context)));
            }
            None => {}
        }
        match found {
            Ok(_) => Err(
                CommandError::new(format!("the build context {context} is not a folder"))
                    .hint("name the folder; a Dockerfile is named with -f"),
            ),
            Err(error) => Err(CommandError::file("read the build context", &path, error)),
        }
    }
}

/// Whether a context or a Dockerfile is none of this machine's.
pub(super) fn is_remote(text: &str) -> bool {
    remote::is_web(text) || GitRepository::parse_context(text).is_ok_and(|found| found.is_some())
}

/// Finds what can be wrong with the flags alone.
pub(super) fn check(args: &Args) -> Result<(), CommandError> {
    let place = Place::of(&args.context)?;
    if matches!(place, Place::StandardInput) && args.file.as_deref() == Some("-") {
        let message = "context and Dockerfile cannot both come from standard input";
        return Err(CommandError::usage(message).hint("name the folder, or leave out -f"));
    }
    Ok(())
}

/// Reads the Dockerfile and the ignore file; fetches what is elsewhere.
pub(super) fn read(args: &Args, means: &Means<'_>) -> Result<(Source, LocalContext), CommandError> {
    let file = args.file.as_deref();
    match Place::of(&args.context)? {
        Place::Folder(directory) => in_folder(Folder::of_host(directory), file, means),
        Place::StandardInput => from_standard_input(file, means),
        Place::Remote(mut remote) => {
            if let Remote::Git(repository) = &mut remote
                && means.keep_git_dir
            {
                repository.keep_git_dir = Some(true);
            }
            match remote::fetch_context(&remote, means.credentials, means.environment)? {
                FetchedContext::Files(local) => in_folder(Folder::fetched(local)?, file, means),
                FetchedContext::Dockerfile(local) => {
                    let inside = Some(remote::CONTEXT_FILE);
                    let elsewhere = file.filter(|file| is_elsewhere(file));
                    in_folder(Folder::fetched(local)?, elsewhere.or(inside), means)
                }
            }
        }
    }
}

/// An archive with everything in it, or a Dockerfile that needs nothing else.
fn from_standard_input(
    file: Option<&str>,
    means: &Means<'_>,
) -> Result<(Source, LocalContext), CommandError> {
    let store = means.environment.store;
    let dockerfile = match remote::read_context(io::stdin(), store)? {
        Ok(local) => return in_folder(Folder::fetched(local)?, file, means),
        Err(dockerfile) => dockerfile,
    };
    if let Some(file) = file {
        let message = format!("there are two Dockerfiles: standard input (no archive) and {file}");
        return Err(CommandError::usage(message).hint("leave out -f, or name a context"));
    }
    let text = text("standard input", dockerfile)?;
    let source = Source::new("Dockerfile (standard input)", text);
    Ok((source, remote::empty_context(store)?))
}

/// The Dockerfile of a context, which may be elsewhere, and the context with its ignore file.
fn in_folder(
    folder: Folder,
    file: Option<&str>,
    means: &Means<'_>,
) -> Result<(Source, LocalContext), CommandError> {
    let (source, ignore) = match (means.inline, file) {
        (Some(text), _) => (Source::new("dockerfile-inline", text), folder.ignore(None)?),
        (None, Some("-")) => {
            let text = text("standard input", io::stdin().lock())?;
            let source = Source::new("Dockerfile (standard input)", text);
            (source, folder.ignore(None)?)
        }
        (None, Some(url)) if remote::is_web(url) => {
            let wanted = Remote::Web(remote::WebFile::new(url));
            let file = remote::fetch_file(&wanted, means.credentials, means.environment)?;
            let source = Source::new(url, text(url, file)?);
            (source, folder.ignore(None)?)
        }
        (None, named) => folder.dockerfile(named)?,
    };
    let context = LocalContext {
        ignore,
        ..folder.into_context()
    };
    Ok((source, context))
}

/// Whether a Dockerfile is not looked for in a context that was fetched.
fn is_elsewhere(file: &str) -> bool {
    file == "-" || remote::is_web(file) || Path::new(file).is_absolute()
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
