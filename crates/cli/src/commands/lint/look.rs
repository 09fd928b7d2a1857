//! Looks at a file: parser, rules, and what they are told.

use super::configuration::Layer;
use super::context::Surroundings;
use super::flags::Args;
use super::refusals::Refusals;
use super::report::Issue;
use super::shellcheck;
use crate::command_error::CommandError;
use crate::commands::names;
use crate::config::Config;
use dockerfile::{Diagnostic, Parsed, Source, Variables};
use lint::{Facts, Finding, Options, Settings};
use oci::Platform;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

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
    surroundings: Rc<Surroundings>,
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
    /// How a file is looked at that has these settings and this context.
    pub(super) fn new(
        args: &'a Args,
        given: &'a Given,
        layer: &Layer,
        surroundings: Rc<Surroundings>,
    ) -> Self {
        Self {
            options: layer.options(args.hadolint_compat),
            given,
            surroundings,
            shellcheck: args.shellcheck.as_deref(),
        }
    }

    /// Everything that is found in a text: by the parser, by rules, by ShellCheck, in the order of the text.
    pub(super) fn issues(&self, source: &Source) -> Result<Vec<Issue>, CommandError> {
        let parsed = dockerfile::parse(source);
        let refusals = Refusals::of(&parsed, self.options.compatible);
        let settings = match self.settings(&parsed) {
            Ok(settings) if refusals.leave_a_tree() => settings,
            Ok(_) => return Ok(refusals.beside(&[])),
            Err(wrong) => return Ok(vec![Issue::of_parser(&wrong)]),
        };
        let findings = self.rules(source, &parsed, &settings);
        let mut issues: Vec<Issue> = findings.into_iter().map(Issue::from).collect();
        if let Some(program) = self.shellcheck {
            let found = shellcheck::look(program, source, &parsed)?;
            let found = match self.options.compatible {
                true => {
                    issues.retain(|issue| !issue.code.starts_with("SC"));
                    shellcheck::last_ones(found)
                }
                false => shellcheck::not_built_in(found),
            };
            issues.extend(self.judged(found, source, &parsed, &settings));
        }
        let refused = refusals.beside(&issues);
        issues.extend(refused);
        issues.sort_by_key(|issue| (source.line(issue.instruction.start), issue.place.start));
        Ok(issues)
    }

    /// Those of another program's findings that count, as severe as they are to be.
    fn judged(
        &self,
        mut found: Vec<Issue>,
        source: &Source,
        parsed: &Parsed,
        settings: &Settings,
    ) -> Vec<Issue> {
        let outside: Vec<_> = found.iter().map(Issue::as_outside).collect();
        let severities = lint::judge(source, parsed, settings, &self.options, &outside);
        let mut severities = severities.into_iter();
        found.retain_mut(|issue| match severities.next().flatten() {
            Some(severity) => {
                issue.severity = severity;
                true
            }
            None => false,
        });
        found
    }

    /// What the rules find, if the text is a Dockerfile.
    pub(super) fn findings(&self, source: &Source) -> Vec<Finding> {
        let parsed = dockerfile::parse(source);
        let refusals = Refusals::of(&parsed, self.options.compatible);
        match self.settings(&parsed) {
            Ok(settings) if refusals.leave_a_tree() => self.rules(source, &parsed, &settings),
            _ => Vec::new(),
        }
    }

    /// What the file itself says of the rules.
    fn settings(&self, parsed: &Parsed) -> Result<Settings, Diagnostic> {
        match self.options.compatible {
            true => Ok(Settings::default()),
            false => Settings::of(parsed),
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
