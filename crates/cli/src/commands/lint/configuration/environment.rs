//! hadolint's variables of the environment.

use super::layer::{LABEL_TYPES, Layer, THRESHOLDS, threshold};
use super::rule_names;
use crate::commands::lint::formats;
use dockerfile::Severity;
use lint::LabelType;

/// What the environment says, and what cannot be read of it.
pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> (Layer, Vec<String>) {
    let mut layer = Layer::default();
    let mut problems = Vec::new();
    let truth = |name: &str| variable(name).map(|text| is_true(&text));
    layer.no_fail = truth("HADOLINT_NOFAIL");
    layer.strict_labels = truth("HADOLINT_STRICT_LABELS");
    layer.disable_ignore_pragma = truth("HADOLINT_DISABLE_IGNORE_PRAGMA");
    let list = |name: &str| {
        let text = variable(name).unwrap_or_default();
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<String>>()
    };
    if let Some(word) = variable("HADOLINT_FAILURE_THRESHOLD") {
        layer.threshold = threshold(&word);
        if layer.threshold.is_none() {
            let message = format!("HADOLINT_FAILURE_THRESHOLD is `{word}`; write {THRESHOLDS}");
            problems.push(message);
        }
    }
    for word in list("HADOLINT_FORMAT") {
        match formats::named(&word) {
            Some(format) => layer.formats.push(format),
            None => problems.push(format!(
                "HADOLINT_FORMAT is `{word}`; write {}",
                formats::words()
            )),
        }
    }
    for (name, severity) in [
        ("HADOLINT_OVERRIDE_ERROR", Severity::Error),
        ("HADOLINT_OVERRIDE_WARNING", Severity::Warning),
        ("HADOLINT_OVERRIDE_INFO", Severity::Info),
        ("HADOLINT_OVERRIDE_STYLE", Severity::Style),
    ] {
        for rule in list(name) {
            layer.set_severity(rule, severity);
        }
    }
    layer.ignored = list("HADOLINT_IGNORE");
    layer.trusted_registries = list("HADOLINT_TRUSTED_REGISTRIES");
    for pair in list("HADOLINT_REQUIRE_LABELS") {
        match label(&pair) {
            Ok((name, of)) => drop(layer.label_schema.insert(name, of)),
            Err(message) => problems.push(format!("HADOLINT_REQUIRE_LABELS: {message}")),
        }
    }
    (layer, problems)
}

/// `name:type`; without a type it is a text.
pub(crate) fn label(pair: &str) -> Result<(String, LabelType), String> {
    let (name, word) = pair.rsplit_once(':').unwrap_or((pair, ""));
    match LabelType::of(word) {
        Some(of) => Ok((name.to_owned(), of)),
        None => Err(format!("there is no type `{word}`; write {LABEL_TYPES}")),
    }
}

/// What hadolint takes for yes.
pub(super) fn is_true(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "1" | "y" | "on" | "true" | "yes"
    )
}

/// Warnings about the names of rules in lists.
pub(super) fn unknown_rules(layer: &Layer) -> Vec<String> {
    let names = layer.ignored.iter().chain(layer.severities.keys());
    names
        .filter_map(|name| rule_names::complaint(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{label, read};
    use crate::commands::lint::formats::Format;
    use dockerfile::Severity;
    use lint::LabelType;

    #[test]
    fn variables_are_read() {
        let (layer, problems) = read(|name| {
            let text = match name {
                "HADOLINT_NOFAIL" => "Yes",
                "HADOLINT_STRICT_LABELS" => "0",
                "HADOLINT_FORMAT" => "json, gnu",
                "HADOLINT_OVERRIDE_INFO" | "HADOLINT_OVERRIDE_ERROR" => "DL1,DL2",
                "HADOLINT_REQUIRE_LABELS" => "a:semver,b",
                "HADOLINT_FAILURE_THRESHOLD" => "none",
                _ => return None,
            };
            Some(text.to_owned())
        });
        assert_eq!(
            (layer.no_fail, layer.strict_labels),
            (Some(true), Some(false))
        );
        assert_eq!(layer.formats, [Format::Json, Format::Gnu]);
        assert_eq!(layer.severities["DL2"], Severity::Error);
        assert_eq!(layer.label_schema["a"], LabelType::Semver);
        assert_eq!(layer.label_schema["b"], LabelType::Text);
        assert_eq!(layer.threshold, Some(Severity::Style));
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let (_, problems) = read(|name| (!name.contains("OVERRIDE")).then(|| "a:b".to_owned()));
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(label("a:b").is_err() && label("a:").is_ok());
    }
}
