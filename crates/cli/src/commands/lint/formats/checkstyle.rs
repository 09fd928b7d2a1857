//! Checkstyle's XML.

use super::{View, xml};
use crate::commands::lint::report::{FileReport, Issue};
use std::fmt::Write as _;

pub(super) fn render(view: &View<'_>) -> String {
    let mut out = r#"<?xml version="1.0" encoding="UTF-8"?><checkstyle version="4.3">"#.to_owned();
    for file in &view.report.files {
        let name = xml::attribute(view.path_of(file));
        let issues: String = file
            .issues
            .iter()
            .map(|issue| error(view, file, issue))
            .collect();
        let _ = match issues.is_empty() {
            true => write!(out, r#"<file name="{name}"/>"#),
            false => write!(out, r#"<file name="{name}">{issues}</file>"#),
        };
    }
    out.push_str("</checkstyle>");
    if !view.compatible {
        out.push('\n');
    }
    out
}

fn error(view: &View<'_>, file: &FileReport, issue: &Issue) -> String {
    let place = view.region(file, issue);
    let message = xml::attribute(&view.long_message(file, issue));
    let source = match view.compatible && issue.is_parse_error() {
        true => String::new(),
        false => format!(r#" source="{}""#, xml::attribute(&issue.code)),
    };
    format!(
        r#"<error column="{}" line="{}" message="{message}" severity="{}"{source}/>"#,
        place.column, place.line, issue.severity
    )
}
