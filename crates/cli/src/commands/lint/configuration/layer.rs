//! What one place says of the settings: the environment, a file, or the command line.

use crate::commands::lint::formats::Format;
use dockerfile::Severity;
use lint::{LabelType, Options};
use std::collections::BTreeMap;

/// The settings that one place has, and those of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) no_fail: Option<bool>,
    pub(crate) no_color: Option<bool>,
    pub(crate) formats: Vec<Format>,
    /// From which severity on findings make the command fail.
    pub(crate) threshold: Option<Severity>,
    pub(crate) ignored: Vec<String>,
    pub(crate) severities: BTreeMap<String, Severity>,
    pub(crate) trusted_registries: Vec<String>,
    pub(crate) label_schema: BTreeMap<String, LabelType>,
    pub(crate) strict_labels: Option<bool>,
    pub(crate) disable_ignore_pragma: Option<bool>,
}

impl Layer {
    /// These settings over others: the own ones win; lists are joined, and of two severities the worse one holds, as with
    /// hadolint.
    pub(super) fn over(self, mut under: Self) -> Self {
        for (name, severity) in self.severities {
            under.set_severity(name, severity);
        }
        under.formats.extend(self.formats);
        under.ignored.extend(self.ignored);
        under.trusted_registries.extend(self.trusted_registries);
        for (label, of) in self.label_schema {
            under.label_schema.entry(label).or_insert(of);
        }
        Self {
            no_fail: self.no_fail.or(under.no_fail),
            no_color: self.no_color.or(under.no_color),
            threshold: self.threshold.or(under.threshold),
            strict_labels: self.strict_labels.or(under.strict_labels),
            disable_ignore_pragma: self.disable_ignore_pragma.or(under.disable_ignore_pragma),
            ..under
        }
    }

    /// Makes findings of a rule as severe as this, if they are not worse already.
    pub(crate) fn set_severity(&mut self, rule: String, severity: Severity) {
        let set = self.severities.entry(rule).or_insert(severity);
        *set = severity.min(*set);
    }

    /// What the rules are told.
    pub(crate) fn options(&self, compatible: bool) -> Options {
        let severities = self.severities.iter();
        Options {
            compatible,
            ignored: self.ignored.clone(),
            severities: severities
                .map(|(name, severity)| (name.clone(), Some(*severity)))
                .collect(),
            trusted_registries: self.trusted_registries.clone(),
            label_schema: self.label_schema.clone(),
            strict_labels: self.strict_labels.unwrap_or_default(),
            ignores_pragmas: self.disable_ignore_pragma.unwrap_or_default(),
        }
    }
}

/// The threshold that a word names. As with hadolint, `ignore` and `none` are no others than `style`: everything fails.
pub(crate) fn threshold(word: &str) -> Option<Severity> {
    Some(match word {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "info" => Severity::Info,
        "style" | "ignore" | "none" => Severity::Style,
        _ => return None,
    })
}

/// The words for thresholds.
pub(crate) const THRESHOLDS: &str = "error, warning, info, style, ignore or none";

/// The words for what labels hold.
pub(crate) const LABEL_TYPES: &str = "text, url, rfc3339, spdx, hash, semver or email";

#[cfg(test)]
mod tests {
    use super::Layer;
    use dockerfile::Severity::{Error, Info, Warning};

    #[test]
    fn lists_are_joined_and_others_win() {
        let mut under = Layer {
            threshold: Some(Error),
            no_fail: Some(true),
            ignored: vec!["A".to_owned()],
            ..Layer::default()
        };
        under.set_severity("X".to_owned(), Error);
        let mut over = Layer {
            threshold: Some(Warning),
            ignored: vec!["B".to_owned()],
            ..Layer::default()
        };
        over.set_severity("X".to_owned(), Info);
        let both = over.over(under);
        assert_eq!((both.threshold, both.no_fail), (Some(Warning), Some(true)));
        assert_eq!(both.ignored, ["A", "B"]);
        assert_eq!(both.severities["X"], Error);
    }
}
