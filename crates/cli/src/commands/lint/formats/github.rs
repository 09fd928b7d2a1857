//! Annotations of GitHub Actions: workflow commands.

use super::View;
use dockerfile::Severity;

pub(super) fn render(view: &View<'_>) -> String {
    let lines = view.report.issues().map(|(file, issue)| {
        let level = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Style => "notice",
        };
        let place = view.region(file, issue);
        let help = issue.help.as_ref().filter(|_| !view.compatible);
        let help = help
            .map(|help| format!("\nhelp: {help}"))
            .unwrap_or_default();
        format!(
            "::{level} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
            property(view.path_of(file)),
            place.line,
            place.end_line,
            place.column,
            place.end_column,
            property(&issue.code),
            data(&format!("{}{help}", issue.message)),
        )
    });
    lines.collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
