//! `EXPOSE PORT[/PROTOCOL] …`.

use super::request::Request;
use crate::Diagnostic;
use crate::ast::Word;
use crate::text::Part;

/// Reads an `EXPOSE`.
pub(super) fn read(request: &Request<'_>) -> Result<Vec<Word>, Diagnostic> {
    let words = request.arguments.words();
    if words.is_empty() {
        return Err(request.requires("at least one argument"));
    }
    request.no_flags()?;
    Ok(words.into_iter().map(Part::word).collect())
}
