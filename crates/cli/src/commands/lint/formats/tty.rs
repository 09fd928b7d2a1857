//! hadolint's lines: `FILE:LINE CODE severity: message`.

use super::View;
use crate::terminal::clean;
use crate::terminal::style::Style;
use dockerfile::Severity;

pub(super) fn render(view: &View<'_>) -> String {
    let lines = view.report.issues().map(|(file, issue)| {
        let place = view.region(file, issue);
        let line = place.line;
        let name = clean::line(view.name_of(file, issue).as_bytes());
        let message = clean::line(issue.message.as_bytes());
        match view.compatible && issue.is_parse_error() {
            true => format!("{name}:{line}:{} {message}\n", place.column),
            false => {
                let severity = painted(issue.severity, view.style);
                format!("{name}:{line} {} {severity}: {message}\n", issue.code)
            }
        }
    });
    lines.collect()
}

/// The name of a severity in its colour.
pub(super) fn painted(severity: Severity, style: Style) -> String {
    let name = severity.to_string();
    match severity {
        Severity::Error => style.red(&name),
        Severity::Warning => style.yellow(&name),
        Severity::Info => style.green(&name),
        Severity::Style => style.cyan(&name),
    }
}
