//! JUnit's XML: a suite for each file, a failed test for each finding.

use super::{View, xml};
use crate::commands::lint::report::{FileReport, Issue};
use oci::timestamp;
use std::fmt::Write as _;

pub(super) fn render(view: &View<'_>) -> String {
    match view.compatible {
        true => as_hadolint(view),
        false => own(view),
    }
}

fn own(view: &View<'_>) -> String {
    let count = view.report.issues().count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"carafe lint\" tests=\"{count}\" failures=\"{count}\">\n"
    );
    for file in &view.report.files {
        let name = xml::attribute(view.path_of(file));
        let count = file.issues.len();
        // A suite without tests looks like one that did not run.
        let tests = count.max(1);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{count}\">"
        );
        if count == 0 {
            let _ = writeln!(out, "    <testcase classname=\"{name}\" name=\"lint\"/>");
        }
        for issue in &file.issues {
            let place = view.region(file, issue);
            let (line, column) = (place.line, place.column);
            let (code, message) = (xml::attribute(&issue.code), xml::attribute(&issue.message));
            let text = xml::text(&format!(
                "{}:{line}:{column}: {}",
                view.path_of(file),
                issue.message
            ));
            let _ = writeln!(
                out,
                "    <testcase classname=\"{name}\" name=\"{code} at line {line}\" file=\"{name}\" line=\"{line}\">\
                 <failure type=\"{}\" message=\"{message}\">{text}</failure></testcase>",
                issue.severity
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

fn as_hadolint(view: &View<'_>) -> String {
    let now = timestamp::format_seconds(view.now);
    let (day, time) = (
        now.get(..10).unwrap_or_default(),
        now.get(11..19).unwrap_or_default(),
    );
    let id = format!("{}_{}", day.replace('-', ""), time.replace(':', ""));
    let mut out = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><testsuites id="{id}" name="Hadolint run at {day} {time}" time="0.001">"#
    );
    for file in &view.report.files {
        let is_error = |issue: &&Issue| issue.is_parse_error();
        let (errors, failures) = (
            file.issues.iter().filter(is_error).count(),
            file.issues.len(),
        );
        let head = format!(
            r#"<testsuite errors="{errors}" failures="{failures}" id="hadolint" name="Hadolint 2.15.1" time="0.001""#
        );
        let cases: String = file
            .issues
            .iter()
            .map(|issue| case(view, file, issue))
            .collect();
        let _ = match cases.is_empty() {
            true => write!(out, "{head}/>"),
            false => write!(out, "{head}>{cases}</testsuite>"),
        };
    }
    out + "</testsuites>"
}

fn case(view: &View<'_>, file: &FileReport, issue: &Issue) -> String {
    let place = view.region(file, issue);
    let (line, column) = (place.line, place.column);
    let path = xml::text(view.path_of(file));
    if issue.is_parse_error() {
        let message = xml::text(&view.long_message(file, issue));
        return format!(
            r#"<testcase id="hadolint.error" name="DL1000" time="0.001"><failure message="parse error at line {line}, column {column}" type="error">Parse Error in {path}
Line: {line}
Column: {column}
Parse Error: {message}
</failure></testcase>"#
        );
    }
    let (code, severity) = (&issue.code, issue.severity);
    let (attribute, text) = (xml::attribute(&issue.message), xml::text(&issue.message));
    format!(
        r#"<testcase id="hadolint.rule.{code}" time="0.001"><failure id="{code}" message="{attribute}" type="{severity}">File: {path}
Line: {line}
Category: Hadolint - Dockerfile Static Analysis
{severity}: {text}
</failure></testcase>"#
    )
}
