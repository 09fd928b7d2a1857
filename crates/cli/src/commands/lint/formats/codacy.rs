//! Codacy's results: one object after the other.

use super::{View, json};

pub(super) fn render(view: &View<'_>) -> String {
    let issues = view.report.issues().map(|(file, issue)| {
        let value = json!({
            "filename": view.name_of(file, issue),
            "line": view.region(file, issue).line,
            "message": view.long_message(file, issue),
            "patternId": issue.code,
        });
        view.json(&value)
    });
    issues.collect()
}
