//! hadolint's array of findings, with more keys where nobody asks for exactly its own.

use super::View;
use crate::commands::lint::report::{FileReport, Issue, region};
use lint::Safety;
use serde_json::{Value, json};

pub(super) fn render(view: &View<'_>) -> String {
    let issues = view.report.issues().map(|(file, issue)| {
        let place = view.region(file, issue);
        let mut value = json!({
            "code": issue.code,
            "column": place.column,
            "file": view.name_of(file, issue),
            "level": issue.severity.to_string(),
            "line": place.line,
            "message": issue.message,
        });
        if !view.compatible {
            value["endLine"] = json!(place.end_line);
            value["endColumn"] = json!(place.end_column);
            value["instructionLine"] = json!(file.source.line(issue.instruction.start));
            say_more(&mut value, file, issue);
        }
        value
    });
    view.json(&Value::Array(issues.collect()))
}

/// What hadolint does not know.
fn say_more(value: &mut Value, file: &FileReport, issue: &Issue) {
    if let Some(help) = &issue.help {
        value["help"] = json!(help);
    }
    if let Some(url) = issue.url() {
        value["url"] = json!(url);
    }
    let Some(fix) = &issue.fix else { return };
    let edits = fix.edits.iter().map(|edit| {
        let place = region(&file.source, edit.span);
        json!({
            "line": place.line,
            "column": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
            "text": edit.text,
        })
    });
    value["fix"] = json!({
        "title": fix.title,
        "safe": fix.safety == Safety::Safe,
        "edits": edits.collect::<Vec<_>>(),
    });
}
