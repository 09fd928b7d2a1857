//! hadolint's array of findings, with more keys where nobody asks for exactly its own.

use crate::commands::lint::report::{FileReport, Issue, Report, region};
use lint::Safety;
use serde_json::{Value, json};

pub(super) fn render(report: &Report, compatible: bool) -> String {
    let issues = report.issues().map(|(file, issue)| match compatible {
        true => json!({
            "code": issue.code,
            "column": 1,
            "file": file.name(),
            "level": issue.severity.to_string(),
            "line": file.first_line(issue),
            "message": issue.message,
        }),
        false => whole(file, issue),
    });
    let all = Value::Array(issues.collect()).to_string();
    match compatible {
        true => all,
        false => all + "\n",
    }
}

fn whole(file: &FileReport, issue: &Issue) -> Value {
    let place = file.region(issue);
    let mut value = json!({
        "code": issue.code,
        "column": place.column,
        "endColumn": place.end_column,
        "endLine": place.end_line,
        "file": file.name(),
        "level": issue.severity.to_string(),
        "line": place.line,
        "message": issue.message,
    });
    if let Some(help) = &issue.help {
        value["help"] = json!(help);
    }
    if let Some(rule) = issue.rule {
        value["url"] = json!(rule.url());
    }
    if let Some(fix) = &issue.fix {
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
    value
}
