//! Looks at a file: parser, rules, and what they are told.

use super::configuration::Layer;
use super::context::{self, Surroundings};
use super::flags::Args;
use super::inputs::Input;
use super::report::Issue;
use super::shellcheck;
use crate::command_error::CommandError;
use crate::commands::names;
use crate::config::Config;
use dockerfile::{Diagnostic, Parsed, Severity, Source, Variables};
use lint::{Facts, Finding, Options, Settings};
use oci::Platform;
use std::collections::BTreeMap;
use std::path::Path;

/// What holds for all files.
#[derive(Debug)]
pub(super) struct Given {
    build_args: BTreeMap<String, String>,
    predefined: Variables,
}

/// How a file is looked at.
#[derive(Debug)]
pub(super) struct Look<'a> {
    options: Options,
    given: &'a Given,
    surroundings: Surroundings,
    shellcheck: Option<&'a Path>,
}

impl Given {
    pub(super) fn read(args: &Args, config: &Config) -> Self {
        let pairs = args.build_arg.iter();
        let build_args: BTreeMap<String, String> = pairs
            .filter_map(|(name, value)| {
                let of_environment = || config.variable(name)?.into_string().ok();
                Some((name.clone(), value.clone().or_else(of_environment)?))
            })
            .collect();
        Self {
            predefined: builder::predefined(&build_args, None, &Platform::host()),
            build_args,
        }
    }
}

impl<'a> Look<'a> {
    /// How this file is looked at. Its context is looked through if it copies from that, and rules of ours are to look.
    pub(super) fn new(
        args: &'a Args,
        given: &'a Given,
        layer: &Layer,
        input: &Input,
        source: &Source,
    ) -> Result<Self, CommandError> {
        let folder = match (&args.context, &input.path) {
            _ if args.hadolint_compat => None,
            (Some(folder), _) => Some(folder.as_path()),
            (None, Some(_)) => Some(input.folder()),
            (None, None) => None,
        };
        let surroundings = match folder {
            Some(folder) if context::is_copied_from(&dockerfile::parse(source)) => {
                context::look(folder, input.path.as_deref())?
            }
            _ => Surroundings::default(),
        };
        Ok(Self {
            options: layer.options(args.hadolint_compat),
            given,
            surroundings,
            shellcheck: args.shellcheck.as_deref(),
        })
    }

    /// Whether there is more in the context than was counted.
    pub(super) fn has_more_context(&self) -> bool {
        self.surroundings.is_more
    }

    /// Everything that is found in a text. Where that is no Dockerfile there is nothing that rules could be about.
    pub(super) fn issues(&self, source: &Source) -> Result<Vec<Issue>, CommandError> {
        let parsed = dockerfile::parse(source);
        let settings = match self.settings(&parsed) {
            Ok(settings) => settings,
            Err(wrong) => return Ok(wrong.iter().map(Issue::of_parser).collect()),
        };
        let findings = self.rules(source, &parsed, &settings);
        let mut issues: Vec<Issue> = findings.into_iter().map(Issue::from).collect();
        if let Some(program) = self.shellcheck {
            let found = shellcheck::look(program, source, &parsed)?;
            let outside: Vec<_> = found.iter().map(Issue::as_outside).collect();
            let severities = lint::judge(source, &parsed, &settings, &self.options, &outside);
            for (mut issue, severity) in found.iter().cloned().zip(severities) {
                if let Some(severity) = severity {
                    issue.severity = severity;
                    issues.push(issue);
                }
            }
            issues.sort_by_key(|issue| (source.line(issue.instruction.start), issue.place.start));
        }
        Ok(issues)
    }

    /// What the rules find, if the text is a Dockerfile.
    pub(super) fn findings(&self, source: &Source) -> Vec<Finding> {
        let parsed = dockerfile::parse(source);
        match self.settings(&parsed) {
            Ok(settings) => self.rules(source, &parsed, &settings),
            Err(_) => Vec::new(),
        }
    }

    /// Whether the text is no Dockerfile.
    pub(super) fn is_broken(&self, source: &Source) -> bool {
        self.settings(&dockerfile::parse(source)).is_err()
    }

    /// What the file itself says of the rules; what is wrong with it, if it is no Dockerfile. hadolint stops at the
    /// first of that.
    fn settings(&self, parsed: &Parsed) -> Result<Settings, Vec<Diagnostic>> {
        let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
        let errors = parsed.diagnostics.iter().filter(is_error);
        let errors: Vec<Diagnostic> = match self.options.compatible {
            true => errors.take(1).cloned().collect(),
            false => errors.cloned().collect(),
        };
        match errors.is_empty() {
            false => Err(errors),
            true if self.options.compatible => Ok(Settings::default()),
            true => Settings::of(parsed).map_err(|wrong| vec![wrong]),
        }
    }

    fn rules(&self, source: &Source, parsed: &Parsed, settings: &Settings) -> Vec<Finding> {
        let facts = Facts {
            build_args: self.given.build_args.clone(),
            predefined: self.given.predefined.clone(),
            ignore: self.surroundings.ignore.as_ref(),
            context: self.surroundings.context.clone(),
            names: names::names(),
            ..Facts::default()
        };
        lint::lint(source, parsed, settings, &self.options, &facts)
    }
}
