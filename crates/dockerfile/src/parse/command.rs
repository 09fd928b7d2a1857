//! `CMD`, `ENTRYPOINT` and `SHELL`.

use super::request::Request;
use crate::ast::Form;
use crate::{Diagnostic, forms};

/// Reads a `CMD` or `ENTRYPOINT`. An empty one is the shell form of nothing.
pub(super) fn read(request: &Request<'_>) -> Result<Form, Diagnostic> {
    request.no_flags()?;
    forms::form(request.arguments, request.keyword)
}

/// Reads a `SHELL`, which has an exec form only.
pub(super) fn shell(request: &Request<'_>) -> Result<Vec<String>, Diagnostic> {
    request.no_flags()?;
    match forms::form(request.arguments, request.keyword)? {
        Form::Exec(words) if !words.is_empty() => Ok(words),
        Form::Shell(word) if !word.text.is_empty() => {
            let message = format!(
                "SHELL requires the arguments to be in JSON form: {}",
                word.text
            );
            let help = "write SHELL [\"/bin/sh\", \"-c\"]";
            Err(Diagnostic::error("json-required", word.span, message).with_help(help))
        }
        _ => Err(request.requires("at least one argument")),
    }
}
