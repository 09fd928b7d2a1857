//! Looks at a file: parser, rules, and what they are told.

use super::flags::Args;
use super::report::{FileReport, Issue};
use crate::command_error::CommandError;
use crate::commands::names;
use dockerfile::{Parsed, Severity, Source, Variables};
use lint::{Facts, Finding, Options, Settings};
use oci::Platform;
use std::collections::BTreeMap;

/// How files are looked at.
#[derive(Debug)]
pub(super) struct Look {
    options: Options,
    build_args: BTreeMap<String, String>,
    predefined: Variables,
}

impl Look {
    pub(super) fn new(args: &Args) -> Result<Self, CommandError> {
        let options = Options {
            compatible: args.hadolint_compat,
            ..Options::default()
        };
        let build_args = BTreeMap::new();
        let predefined = builder::predefined(&build_args, None, &Platform::host());
        Ok(Self {
            options,
            build_args,
            predefined,
        })
    }

    /// What is found in a text. Where that is no Dockerfile there is nothing that rules could be about.
    pub(super) fn at(&self, source: Source) -> FileReport {
        let parsed = dockerfile::parse(&source);
        let is_error = |found: &&dockerfile::Diagnostic| found.severity == Severity::Error;
        let errors = parsed.diagnostics.iter().filter(is_error);
        let mut issues: Vec<Issue> = errors.map(Issue::of_parser).collect();
        if issues.is_empty() {
            match Settings::of(&parsed) {
                Ok(settings) => {
                    let findings = self.findings(&source, &parsed, &settings);
                    issues.extend(findings.into_iter().map(Issue::from));
                }
                Err(wrong) => issues.push(Issue::of_parser(&wrong)),
            }
        }
        FileReport { source, issues }
    }

    fn findings(&self, source: &Source, parsed: &Parsed, settings: &Settings) -> Vec<Finding> {
        let facts = Facts {
            build_args: self.build_args.clone(),
            predefined: self.predefined.clone(),
            names: names::names(),
            ..Facts::default()
        };
        lint::lint(source, parsed, settings, &self.options, &facts)
    }
}
