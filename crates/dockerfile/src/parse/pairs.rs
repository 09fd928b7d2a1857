//! `ENV` and `LABEL`: `NAME=VALUE …`, or the old `NAME VALUE`.

use super::quoted;
use super::request::Request;
use crate::Diagnostic;
use crate::ast::Pair;
use crate::text::Part;

/// Reads the pairs.
pub(super) fn read(request: &Request<'_>) -> Result<Vec<Pair>, Diagnostic> {
    request.no_flags()?;
    let words = quoted::words(request.arguments, request.escape);
    let Some(first) = words.first() else {
        return Err(request.requires("at least one argument"));
    };
    if !first.text().contains('=') {
        return Ok(vec![old_form(request)?]);
    }
    words.into_iter().map(|word| pair(request, word)).collect()
}

/// The name, and all that follows it, blanks, quotes and all.
fn old_form(request: &Request<'_>) -> Result<Pair, Diagnostic> {
    let (name, value) = request.arguments.split_first();
    if value.text().is_empty() {
        let message = format!(
            "{} must have two arguments: {}",
            request.name(),
            name.text()
        );
        let help = format!("write {} {}=VALUE", request.name(), name.text());
        return Err(Diagnostic::error("missing-value", name.span(), message).with_help(help));
    }
    Ok(Pair {
        name: name.word(),
        value: value.word(),
        legacy: true,
    })
}

fn pair(request: &Request<'_>, word: Part<'_>) -> Result<Pair, Diagnostic> {
    let Some(equals) = word.text().find('=') else {
        let message = format!(
            "can't find = in \"{}\" of {}; must be of the form: name=value",
            word.text(),
            request.name()
        );
        let help = "put quotes around a value with blanks";
        return Err(Diagnostic::error("missing-equals", word.span(), message).with_help(help));
    };
    if equals == 0 {
        return Err(blank_name(request, word));
    }
    let (name, value) = (word.slice(0..equals), word.after(equals + 1));
    Ok(Pair {
        name: name.word(),
        value: value.word(),
        legacy: false,
    })
}

/// The error about a `=` with nothing before it.
pub(super) fn blank_name(request: &Request<'_>, word: Part<'_>) -> Diagnostic {
    let message = format!("{} names can not be blank: {}", request.name(), word.text());
    Diagnostic::error("blank-name", word.span(), message)
}
