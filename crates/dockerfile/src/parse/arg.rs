//! `ARG NAME[=DEFAULT] …`.

use super::request::Request;
use super::{pairs, quoted};
use crate::Diagnostic;
use crate::ast::ArgDeclaration;
use crate::text::Part;

/// Reads an `ARG`.
pub(super) fn read(request: &Request<'_>) -> Result<Vec<ArgDeclaration>, Diagnostic> {
    request.no_flags()?;
    let words = quoted::words(request.arguments, request.escape);
    if words.is_empty() {
        return Err(request.requires("at least one argument"));
    }
    words
        .into_iter()
        .map(|word| declaration(request, word))
        .collect()
}

fn declaration(request: &Request<'_>, word: Part<'_>) -> Result<ArgDeclaration, Diagnostic> {
    match word.text().find('=') {
        None => Ok(ArgDeclaration {
            name: word.word(),
            default: None,
        }),
        Some(0) => Err(pairs::blank_name(request, word)),
        Some(equals) => Ok(ArgDeclaration {
            name: word.slice(0..equals).word(),
            default: Some(word.after(equals + 1).word()),
        }),
    }
}
