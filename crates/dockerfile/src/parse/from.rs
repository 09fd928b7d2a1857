//! `FROM [--platform=PLATFORM] BASE [AS NAME]`.

use super::request::Request;
use crate::Diagnostic;
use crate::ast::{Stage, Word};
use crate::flags::Takes;
use crate::text::Part;

/// Reads a `FROM`.
pub(super) fn read(request: &Request<'_>) -> Result<Stage, Diagnostic> {
    let words = request.arguments.words();
    let (base, alias) = match words.as_slice() {
        [base] => (base, None),
        [base, keyword, name] if keyword.text().eq_ignore_ascii_case("as") => {
            (base, Some((keyword, *name)))
        }
        _ => return Err(bad_arguments(request)),
    };
    let flags = request.flags(&[("platform", Takes::Value)])?;
    let name = alias.map(|(_, name)| stage_name(name)).transpose()?;
    Ok(Stage {
        span: request.span,
        keyword: request.word.word(),
        original: request.text.trim().text().to_owned(),
        base: base.word(),
        platform: flags.word("platform"),
        name,
        name_written: alias.map(|(_, name)| name.word()),
        as_keyword: alias.map(|(keyword, _)| keyword.word()),
        instructions: Vec::new(),
    })
}

/// A name in lower case: a letter, then letters, digits, `-`, `_` and `.`.
fn stage_name(part: Part<'_>) -> Result<Word, Diagnostic> {
    let text = part.text().to_lowercase();
    let valid = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if valid {
        return Ok(Word {
            text,
            span: part.span(),
        });
    }
    let message = format!(
        "invalid name for build stage: \"{}\", name can't start with a number or contain symbols",
        part.text()
    );
    Err(Diagnostic::error(
        "invalid-stage-name",
        part.span(),
        message,
    ))
}

fn bad_arguments(request: &Request<'_>) -> Diagnostic {
    let message = "FROM requires either one or three arguments";
    Diagnostic::error("from-arguments", request.text.trim().span(), message)
        .with_help("write FROM BASE, or FROM BASE AS NAME")
}
