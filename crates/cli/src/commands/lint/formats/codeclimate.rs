//! Code Climate's issues: each ended by a zero byte, or, for GitLab, in an array and with a fingerprint.

use super::{Value, View, json};
use crate::commands::lint::report::{FileReport, Issue};
use dockerfile::Severity;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::collections::BTreeMap;

pub(super) fn render(view: &View<'_>) -> String {
    let issues = view.report.issues();
    let issues = issues.map(|(file, issue)| format!("{}\0", entry(view, file, issue, None)));
    issues.collect()
}

pub(super) fn render_array(view: &View<'_>) -> String {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let issues = view.report.issues().map(|(file, issue)| {
        let told = match view.compatible {
            true => entry(view, file, issue, None).to_string(),
            // Lines above may come and go: it is the same finding still.
            false => {
                let text = file.source.slice(issue.place);
                let told = format!("{}\0{}\0{text}", view.path_of(file), issue.code);
                let nth = seen.entry(told.clone()).or_default();
                *nth += 1;
                format!("{told}\0{nth}")
            }
        };
        let fingerprint = hexadecimal(digest(&SHA1_FOR_LEGACY_USE_ONLY, told.as_bytes()).as_ref());
        entry(view, file, issue, Some(fingerprint))
    });
    let issues = Value::Array(issues.collect());
    view.json(&issues)
}

fn entry(view: &View<'_>, file: &FileReport, issue: &Issue, fingerprint: Option<String>) -> Value {
    let place = view.region(file, issue);
    let (begin, end) = (place.line, place.end_line);
    let location = match view.compatible && issue.is_parse_error() {
        // hadolint forgets --file-path-in-report here.
        true => {
            let at = json!({"column": place.column, "line": begin});
            json!({"path": view.name_of(file, issue), "positions": {"begin": at, "end": at}})
        }
        false => json!({"lines": {"begin": begin, "end": end}, "path": view.path_of(file)}),
    };
    let mut entry = json!({
        "categories": ["Bug Risk"],
        "check_name": issue.code,
        "description": view.long_message(file, issue),
    });
    if let Some(fingerprint) = fingerprint {
        entry["fingerprint"] = fingerprint.into();
    }
    entry["location"] = location;
    entry["severity"] = match issue.severity {
        Severity::Error => "blocker",
        Severity::Warning => "major",
        Severity::Info => "info",
        Severity::Style => "minor",
    }
    .into();
    entry["type"] = "issue".into();
    entry
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
