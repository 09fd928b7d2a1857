//! `VOLUME PATH …`, or with a JSON array.

use super::request::Request;
use crate::ast::Word;
use crate::{Diagnostic, forms};

/// Reads a `VOLUME`. Blanks around a path in the JSON form are no part of it.
pub(super) fn read(request: &Request<'_>) -> Result<Vec<Word>, Diagnostic> {
    request.no_flags()?;
    let mut words = forms::list(request.arguments, request.keyword)?;
    if words.is_empty() {
        return Err(request.requires("at least one argument"));
    }
    for word in &mut words {
        word.text = word.text.trim().to_owned();
        if word.text.is_empty() {
            let message = "VOLUME specified can not be an empty string";
            return Err(Diagnostic::error("empty-volume", word.span, message));
        }
    }
    Ok(words)
}
