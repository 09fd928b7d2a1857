//! `--explain` and `--list-rules`.

use super::formats::Format;
use super::report::PARSE_ERROR;
use crate::command_error::CommandError;
use crate::report::table::Table;
use lint::{Activation, Rule, Safety, Set};
use serde_json::{Value, json};

/// The page of a rule.
pub(super) fn page(name: &str) -> Result<String, CommandError> {
    let is_it = |other: &str| other.eq_ignore_ascii_case(name);
    let by_name = lint::rules().find(|rule| is_it(rule.name));
    let by_twin = || lint::rules().find(|rule| rule.twins.iter().any(|twin| is_it(twin)));
    if let Some(rule) = by_name.or_else(by_twin) {
        return Ok(lint::page(rule));
    }
    if is_it(PARSE_ERROR) {
        return Ok(format!(
            "# {PARSE_ERROR}\n\nThe text is no Dockerfile: the message says what the parser did not expect. \
             A build would say the same. No rule is looked at as long as there is such an error.\n"
        ));
    }
    let number = name.strip_prefix("SC").unwrap_or_default();
    if number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(format!(
            "# {name}\n\nA check of ShellCheck that is not built in: `--shellcheck` lets the program look.\n\n\
             https://www.shellcheck.net/wiki/{name}\n"
        ));
    }
    let error = CommandError::usage(format!("there is no rule `{name}`"));
    let names = lint::rules().map(|rule| rule.name);
    Err(match dockerfile::suggest(name, names) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("carafe lint --list-rules lists all of them"),
    })
}

/// All rules.
pub(super) fn list(format: Option<Format>) -> String {
    match format {
        Some(Format::Json) => {
            let rules: Vec<Value> = lint::rules().map(as_json).collect();
            format!("{}\n", Value::Array(rules))
        }
        _ => table(),
    }
}

fn table() -> String {
    let mut table = Table::new(["RULE", "SEVERITY", "SET", "FIX", "SUMMARY"]);
    for rule in lint::rules() {
        let severity = match rule.activation {
            Activation::On => rule.severity.to_string(),
            Activation::Experimental => format!("{} (experimental)", rule.severity),
            Activation::Off => "off".to_owned(),
        };
        table.push([rule.name, &severity, set(rule), fix(rule), rule.summary]);
    }
    table.render()
}

fn as_json(rule: &Rule) -> Value {
    json!({
        "code": rule.name,
        "severity": rule.severity.to_string(),
        "set": set(rule),
        "activation": match rule.activation {
            Activation::On => "on",
            Activation::Experimental => "experimental",
            Activation::Off => "off",
        },
        "fixable": rule.fix.is_some(),
        "fix": fix(rule),
        "twins": rule.twins,
        "summary": rule.summary,
        "url": rule.url(),
    })
}

fn set(rule: &Rule) -> &'static str {
    match rule.set {
        Set::Docker => "docker",
        Set::Hadolint => "hadolint",
        Set::ShellCheck => "shellcheck",
        Set::Carafe => "carafe",
    }
}

/// How the rule mends what it finds, if it can.
fn fix(rule: &Rule) -> &'static str {
    match rule.fix {
        Some(Safety::Safe) => "safe",
        Some(Safety::Unsafe) => "unsafe",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{list, page};
    use crate::commands::lint::formats::Format;

    #[test]
    fn rules_have_pages() {
        assert!(page("dl3007").unwrap().starts_with("# DL3007\n"));
        assert!(page("SC9999").unwrap().contains("wiki/SC9999"));
        let error = page("DL3O07").unwrap_err();
        assert!(error.message().contains("no rule"));
    }

    #[test]
    fn all_rules_are_listed() {
        let count = lint::rules().count();
        assert_eq!(list(None).lines().count(), count + 1);
        let json: serde_json::Value = serde_json::from_str(&list(Some(Format::Json))).unwrap();
        let rules = json.as_array().unwrap();
        assert_eq!(rules.len(), count);
        let of = |code: &str| rules.iter().find(|rule| rule["code"] == code).unwrap();
        assert_eq!(of("DL3015")["fixable"], true);
        assert_eq!(of("DL3007")["set"], "hadolint");
    }
}
