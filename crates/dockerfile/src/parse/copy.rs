//! `COPY` and `ADD`: sources and a destination.

use super::request::Request;
use crate::Diagnostic;
use crate::ast::{Add, Copy, CopyArguments, CopySource, Word};
use crate::flags::{Flags, Known, Takes};
use crate::forms::{self, Arguments};
use crate::text::Part;

const COPY_FLAGS: &Known = &[
    ("from", Takes::Value),
    ("chown", Takes::Value),
    ("chmod", Takes::Value),
    ("link", Takes::Bool),
    ("parents", Takes::Bool),
    ("exclude", Takes::Values),
];

const ADD_FLAGS: &Known = &[
    ("chown", Takes::Value),
    ("chmod", Takes::Value),
    ("link", Takes::Bool),
    ("keep-git-dir", Takes::Bool),
    ("checksum", Takes::Value),
    ("unpack", Takes::Bool),
    ("exclude", Takes::Values),
];

/// Reads a `COPY`.
pub(super) fn copy(request: &Request<'_>) -> Result<Copy, Diagnostic> {
    let flags = request.flags(COPY_FLAGS)?;
    Ok(Copy {
        arguments: arguments(request, &flags)?,
        from: flags.word("from").map(without_variable).transpose()?,
        parents: flags.truth("parents").unwrap_or(false),
    })
}

/// Reads an `ADD`.
pub(super) fn add(request: &Request<'_>) -> Result<Add, Diagnostic> {
    let flags = request.flags(ADD_FLAGS)?;
    Ok(Add {
        arguments: arguments(request, &flags)?,
        checksum: flags.word("checksum"),
        keep_git_dir: flags.truth("keep-git-dir"),
        unpack: flags.truth("unpack"),
    })
}

/// A stage must be known before any variable is.
fn without_variable(from: Word) -> Result<Word, Diagnostic> {
    if !from.text.contains('$') {
        return Ok(from);
    }
    let message = format!(
        "variable expansion is not supported for --from: {}",
        from.text
    );
    let help = "define a new stage with FROM using ARG from global scope, and name that";
    Err(Diagnostic::error("variable-in-from", from.span, message).with_help(help))
}

fn arguments(request: &Request<'_>, flags: &Flags) -> Result<CopyArguments, Diagnostic> {
    let mut sources = match Arguments::read(request.arguments) {
        Arguments::Plain => words_and_heredocs(request),
        _ => {
            let words = forms::list(request.arguments, request.keyword)?;
            words.into_iter().map(CopySource::Path).collect()
        }
    };
    let destination = destination(request, sources.pop())?;
    if sources.is_empty() {
        return Err(no_destination(request));
    }
    Ok(CopyArguments {
        sources,
        destination,
        chown: flags.word("chown"),
        chmod: flags.word("chmod"),
        link: flags.truth("link").unwrap_or(false),
        excludes: flags.words("exclude"),
    })
}

/// The words, where those that announce a heredoc stand for it. `<< EOF` is one heredoc in two
/// words.
fn words_and_heredocs(request: &Request<'_>) -> Vec<CopySource> {
    let mut sources = Vec::new();
    let mut last = None;
    for word in request.arguments.words() {
        let Some(index) = heredoc_at(request, word) else {
            sources.push(CopySource::Path(word.word()));
            continue;
        };
        if last != Some(index) {
            sources.push(CopySource::Heredoc(request.heredocs[index].heredoc.clone()));
        }
        last = Some(index);
    }
    sources
}

fn heredoc_at(request: &Request<'_>, word: Part<'_>) -> Option<usize> {
    let start = word.range().start;
    request
        .heredocs
        .iter()
        .position(|found| found.word.contains(&start))
}

fn destination(request: &Request<'_>, last: Option<CopySource>) -> Result<Word, Diagnostic> {
    match last {
        Some(CopySource::Path(word)) => Ok(word),
        Some(CopySource::Heredoc(heredoc)) => {
            let message = format!(
                "{} cannot accept a heredoc as a destination",
                request.name()
            );
            Err(Diagnostic::error(
                "heredoc-destination",
                heredoc.span,
                message,
            ))
        }
        None => Err(no_destination(request)),
    }
}

fn no_destination(request: &Request<'_>) -> Diagnostic {
    let mut error = request.requires(
        "at least two arguments, but only one was provided. Destination could not be determined",
    );
    error.code = "missing-destination";
    error
}
