//! Findings and errors as the protocol has them.

use std::hash::{DefaultHasher, Hash, Hasher};

use dockerfile::{Diagnostic, Severity};
use lint::{Finding, Rule};
use serde_json::{Value, json};

use super::client::Client;
use super::document::Reading;

/// Rules about what could be left out: editors show it pale.
const UNNECESSARY: [&str; 4] = [
    "UnusedStage",
    "RedundantTargetPlatform",
    "DL3065",
    "NoEmptyContinuation",
];

/// Rules about what is not done any more: editors strike it through.
const DEPRECATED: [&str; 3] = ["MaintainerDeprecated", "DL4000", "LegacyKeyValueFormat"];

/// All there is to say about a document.
pub(super) fn items(reading: &Reading, client: Client) -> Vec<Value> {
    let errors = reading.errors.iter().map(|error| of_error(reading, error));
    let findings = reading.findings.iter();
    errors
        .chain(findings.map(|finding| of_finding(reading, finding, client)))
        .collect()
}

/// A name for an answer: the same one for the same text with the same findings.
pub(super) fn result_id(reading: &Reading, items: &[Value]) -> String {
    let mut hasher = DefaultHasher::new();
    reading.source.text().hash(&mut hasher);
    for item in items {
        item.to_string().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// A finding of a rule.
pub(super) fn of_finding(reading: &Reading, finding: &Finding, client: Client) -> Value {
    let mut item = of_error(reading, &finding.diagnostic);
    item["codeDescription"] = json!({"href": finding.rule.url()});
    if let (Some(tag), true) = (tag(finding.rule), client.tags) {
        item["tags"] = json!([tag]);
    }
    item
}

fn of_error(reading: &Reading, diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Info => 3,
        Severity::Style => 4,
    };
    let message = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    json!({
        "range": reading.range(diagnostic.span),
        "severity": severity,
        "code": diagnostic.code,
        "source": "carafe",
        "message": message,
    })
}

/// `DiagnosticTag`: 1 is unnecessary, 2 is deprecated.
fn tag(rule: &Rule) -> Option<u8> {
    if UNNECESSARY.contains(&rule.name) {
        Some(1)
    } else {
        DEPRECATED.contains(&rule.name).then_some(2)
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPRECATED, UNNECESSARY};

    #[test]
    fn the_rules_are_there() {
        for name in UNNECESSARY.iter().chain(&DEPRECATED) {
            let is_it = |rule: &lint::Rule| rule.name == *name || rule.twins.contains(name);
            assert!(lint::rules().any(is_it), "{name}");
        }
    }
}
