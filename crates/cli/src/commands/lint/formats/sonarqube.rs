//! SonarQube's generic issues.

use super::{Value, View, json};
use crate::commands::lint::report::{FileReport, Issue};
use dockerfile::Severity;

pub(super) fn render(view: &View<'_>) -> String {
    let issues = view.report.issues();
    let issues: Vec<Value> = issues
        .map(|(file, issue)| entry(view, file, issue))
        .collect();
    view.json(&json!({ "issues": issues }))
}

fn entry(view: &View<'_>, file: &FileReport, issue: &Issue) -> Value {
    let (severity, kind) = match issue.severity {
        _ if issue.is_parse_error() => ("BLOCKER", "BUG"),
        Severity::Error => ("CRITICAL", "BUG"),
        Severity::Warning => ("MAJOR", "CODE_SMELL"),
        Severity::Info => ("MINOR", "CODE_SMELL"),
        Severity::Style => ("INFO", "CODE_SMELL"),
    };
    json!({
        "engineId": if view.compatible { "Hadolint" } else { "carafe" },
        "primaryLocation": {
            "filePath": view.path_of(file),
            "message": issue.message,
            "textRange": range(view, file, issue),
        },
        "ruleId": issue.code,
        "severity": severity,
        "type": kind,
    })
}

/// Columns are counted from 0, and a range must not be empty.
fn range(view: &View<'_>, file: &FileReport, issue: &Issue) -> Value {
    let place = view.region(file, issue);
    let (start, end) = (place.column - 1, place.end_column - 1);
    match (view.compatible, issue.is_parse_error()) {
        (true, is_parse_error) => json!({
            "endColumn": place.column,
            "endLine": place.line,
            "startColumn": if is_parse_error { place.column } else { 0 },
            "startLine": place.line,
        }),
        (false, _) if (place.line, start) == (place.end_line, end) => {
            json!({"endLine": place.line, "startLine": place.line})
        }
        (false, _) => json!({
            "endColumn": end,
            "endLine": place.end_line,
            "startColumn": start,
            "startLine": place.line,
        }),
    }
}
