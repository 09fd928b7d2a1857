//! Which rules run, and which of their findings count.

use std::collections::HashSet;

use dockerfile::Severity;

use crate::file::File;
use crate::pragma::Pragmas;
use crate::rule::{Activation, Finding, Rule, Set};
use crate::{Options, Outside, Settings};

/// Chooses among rules and findings.
pub(crate) struct Selection<'a, 'f> {
    file: &'f File<'a>,
    settings: &'f Settings,
    pragmas: Pragmas<'a>,
}

impl<'a, 'f> Selection<'a, 'f> {
    pub(crate) fn new(file: &'f File<'a>, settings: &'f Settings) -> Self {
        Self {
            file,
            settings,
            pragmas: Pragmas::of(file),
        }
    }

    fn options(&self) -> &'a Options {
        self.file.options
    }

    /// Whether a rule can find anything that counts.
    pub(crate) fn runs(&self, rule: &Rule) -> bool {
        let options = self.options();
        let is_of_hadolint = matches!(rule.set, Set::Hadolint | Set::ShellCheck);
        let severity = options.severities.get(rule.name);
        (is_of_hadolint || !options.compatible)
            && severity != Some(&None)
            && (rule.activation != Activation::Off || severity.is_some())
            && !self.ignores(rule)
    }

    fn ignores(&self, rule: &Rule) -> bool {
        let mut ignored = self.options().ignored.iter();
        ignored.any(|name| rule.goes_by(name))
    }

    /// The findings that count, as severe as they are to be.
    pub(crate) fn choose(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let said: HashSet<(&str, u32)> = findings
            .iter()
            .flat_map(|finding| {
                let places = [Some(finding.instruction), finding.about];
                let starts = places.into_iter().flatten().map(|place| place.start);
                starts.map(|start| (finding.rule.name, start))
            })
            .collect();
        findings.retain(|finding| {
            let at = finding.instruction.start;
            let mut twins = finding.rule.twins.iter();
            !twins.any(|twin| said.contains(&(*twin, at)))
        });
        findings.retain_mut(|finding| self.counts(finding));
        findings
    }

    /// How severe it is what another program found; nothing if it is left out.
    pub(crate) fn judge(&self, found: &Outside<'_>) -> Option<Severity> {
        let code = found.code;
        let options = self.options();
        let comments = self.file.comments_above(found.instruction);
        let settings = self.settings.at(&comments);
        let severity = match options.severities.get(code) {
            _ if settings.error => Severity::Error,
            Some(severity) => (*severity)?,
            None => found.severity,
        };
        let is_code = |name: &str| name == code;
        let is_left_out = options.ignored.iter().any(|name| is_code(name))
            || settings.skips(code)
            || self.pragmas.ignore(self.file, found.instruction, is_code);
        (!is_left_out).then_some(severity)
    }

    fn counts(&self, finding: &mut Finding) -> bool {
        let rule = finding.rule;
        let comments = self.file.comments_above(finding.instruction);
        let settings = self.settings.at(&comments);
        if settings.error {
            finding.diagnostic.severity = Severity::Error;
        } else if let Some(Some(severity)) = self.options().severities.get(rule.name) {
            finding.diagnostic.severity = *severity;
        }
        let place = finding.instruction;
        settings.runs(rule)
            && !self
                .pragmas
                .ignore(self.file, place, |name| rule.goes_by(name))
    }
}
