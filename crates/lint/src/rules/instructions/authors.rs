//! From `MAINTAINER` to a label.

use dockerfile::ast::{Instruction, Kind};

use super::words::unquoted;
use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::rules::edits::{has_comment, keyword};

/// Writes the label that has taken the place of the instruction.
pub(crate) fn to_label(file: &File<'_>, instruction: &Instruction) -> Option<Fix> {
    let Kind::Maintainer(name) = &instruction.kind else {
        return None;
    };
    let place = instruction.keyword.span.to(name.span);
    if has_comment(file, place) {
        return None;
    }
    let escape = file.dockerfile.directives.escape;
    let name = unquoted(&name.text, escape);
    let mut quoted = String::new();
    for sign in name.chars() {
        if matches!(sign, '"' | '$') || sign == escape.sign() {
            quoted.push(escape.sign());
        }
        quoted.push(sign);
    }
    let label = keyword("LABEL", &instruction.keyword);
    let text = format!("{label} org.opencontainers.image.authors=\"{quoted}\"");
    let title = "write the label org.opencontainers.image.authors";
    Some(Fix::safe(title, [Edit::replace(place, text)]))
}
