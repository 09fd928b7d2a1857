//! SARIF 2.1.0 (OASIS): results, and what the rules are about.

use super::{Value, View, json};
use crate::commands::lint::report::{FileReport, Issue, Region, region};
use dockerfile::Severity;
use lint::{Fix, Rule};

pub(super) fn render(view: &View<'_>) -> String {
    let value = match view.compatible {
        true => as_hadolint(view),
        false => own(view),
    };
    view.json(&value)
}

fn own(view: &View<'_>) -> Value {
    let mut rules: Vec<(&str, Option<&'static Rule>)> = Vec::new();
    let mut results = Vec::new();
    for (file, issue) in view.report.issues() {
        let known = rules.iter().position(|(code, _)| *code == issue.code);
        let index = known.unwrap_or(rules.len());
        if known.is_none() {
            rules.push((&issue.code, issue.rule));
        }
        results.push(result(file, issue, index));
    }
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|(code, rule)| descriptor(code, rule))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "carafe",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(code: &str, rule: Option<&'static Rule>) -> Value {
    let Some(rule) = rule else {
        return json!({"id": code});
    };
    json!({
        "id": code,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.page.why},
        "help": {"text": rule.page.why, "markdown": lint::page(rule)},
        "helpUri": rule.url(),
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(file: &FileReport, issue: &Issue, index: usize) -> Value {
    let text = match &issue.help {
        Some(help) => format!("{} ({help})", issue.message),
        None => issue.message.clone(),
    };
    let artifact = json!({"uri": uri(file.name())});
    let mut value = json!({
        "ruleId": issue.code,
        "ruleIndex": index,
        "level": level(issue.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": artifact,
            "region": range(file.region(issue)),
        }}],
    });
    if let Some(fix) = &issue.fix {
        value["fixes"] = json!([as_change(fix, file, &artifact)]);
    }
    value
}

fn as_change(fix: &Fix, file: &FileReport, artifact: &Value) -> Value {
    let replacements = fix.edits.iter().map(|edit| {
        json!({
            "deletedRegion": range(region(&file.source, edit.span)),
            "insertedContent": {"text": edit.text},
        })
    });
    let replacements: Vec<Value> = replacements.collect();
    json!({
        "description": {"text": fix.title},
        "artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}],
    })
}

fn range(place: Region) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "note",
    }
}

/// A path as a URI reference (RFC 3986): what has no place in one is escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'+' | b',' | b'=' | b'@' => out.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn as_hadolint(view: &View<'_>) -> Value {
    let results = view.report.issues().map(|(file, issue)| {
        let place = view.region(file, issue);
        let language = match issue.code.starts_with("SC") {
            true => "sh",
            false => "dockerfile",
        };
        json!({
            "level": level(issue.severity),
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": view.name_of(file, issue)},
                "region": {
                    "endColumn": place.end_column,
                    "endLine": place.end_line,
                    "sourceLanguage": language,
                    "startColumn": place.column,
                    "startLine": place.line,
                },
            }}],
            "message": {"text": issue.message},
            "ruleId": issue.code,
        })
    });
    let results: Vec<Value> = results.collect();
    json!({
        "$schema": "http://json.schemastore.org/sarif-2.1.0",
        "runs": [{
            "defaultSourceLanguage": "dockerfile",
            "results": results,
            "tool": {"driver": {
                "downloadUri": "https://github.com/hadolint/hadolint",
                "fullName": "Haskell Dockerfile Linter",
                "name": "Hadolint",
                "shortDescription": {"text": "Dockerfile linter, validate inline bash, written in Haskell"},
                "version": "2.15.1",
            }},
        }],
        "version": "2.1.0",
    })
}
