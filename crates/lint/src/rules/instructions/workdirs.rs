//! Relative paths made absolute.

use dockerfile::ast::Word;

use super::words::{trimmed, unquoted};
use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::rules::edits::inside_quotes;

/// Writes a relative path from the root: where the working directory is the root, that is the same.
pub(crate) fn from_root(file: &File<'_>, path: &Word) -> Option<Fix> {
    let place = inside_quotes(file, path.span);
    let text = file.source.slice(place);
    // What has quotes or escapes in its middle is left to people.
    if text != trimmed(&unquoted(text, file.dockerfile.directives.escape))
        || text.starts_with(['~', '$', '%', '/'])
    {
        return None;
    }
    let mut rest = text;
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    let rest = if matches!(rest, ".") { "" } else { rest };
    let is_plain = !rest.contains(['\\', '\n']) && !rest.split('/').any(|part| part == "..");
    let absolute = format!("/{rest}");
    let edit = Edit::replace(place, absolute.clone());
    is_plain.then(|| Fix::guess(format!("write {absolute}"), [edit]))
}
