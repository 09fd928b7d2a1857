//! `MAINTAINER`, `STOPSIGNAL`, `USER` and `WORKDIR`: all of the line is one argument.

use super::request::Request;
use crate::Diagnostic;
use crate::ast::Word;

/// Reads the argument.
pub(super) fn read(request: &Request<'_>) -> Result<Word, Diagnostic> {
    if request.arguments.text().is_empty() {
        return Err(request.requires("exactly one argument"));
    }
    request.no_flags()?;
    Ok(request.arguments.word())
}
