//! hadolint's lines: `FILE:LINE CODE severity: message`.

use crate::commands::lint::report::Report;

pub(super) fn render(report: &Report) -> String {
    let lines = report.issues().map(|(file, issue)| {
        format!(
            "{}:{} {} {}: {}\n",
            file.name(),
            file.first_line(issue),
            issue.code,
            issue.severity,
            issue.message
        )
    });
    lines.collect()
}
