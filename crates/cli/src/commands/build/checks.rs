//! The rules in a build: what they are told, and what they find.

use crate::command_error::{self, CommandError};
use crate::commands::names;
use crate::config::Config;
use builder::{Options, StageBase, Survey};
use dockerfile::ignore::Patterns;
use dockerfile::{Parsed, Severity};
use lint::{Base, Facts, Finding, InvalidOption, Mismatch, Settings};

/// The build argument that stands in for the `# check=` directive.
const BUILD_ARG: &str = "BUILDKIT_DOCKERFILE_CHECK";

/// A Dockerfile, and which rules are for it.
#[derive(Debug)]
pub(super) struct Checks {
    pub(super) parsed: Parsed,
    settings: Settings,
    ignore: Result<Option<Patterns>, String>,
}

impl Checks {
    /// Reads what the file, or the command line, says of the rules.
    pub(super) fn read(options: &Options, config: &Config) -> Result<Self, CommandError> {
        let parsed = dockerfile::parse(&options.dockerfile);
        let settings = match options.build_args.get(BUILD_ARG) {
            Some(text) => Settings::parse(text).map_err(|invalid| {
                CommandError::usage(format!("--build-arg {BUILD_ARG}: {invalid}"))
                    .hint(InvalidOption::HELP)
            })?,
            // The build says what is wrong with the text.
            None if has_errors(&parsed) => Settings::default(),
            None => Settings::of(&parsed).map_err(|wrong| {
                command_error::of_diagnostics(&[wrong], &options.dockerfile, config.style())
            })?,
        };
        let context = options.context.as_ref();
        let ignore = context.and_then(|context| context.ignore.as_ref());
        Ok(Self {
            parsed,
            settings,
            ignore: match ignore.map(|file| (file, Patterns::parse(&file.text))) {
                None => Ok(None),
                Some((_, Ok(patterns))) => Ok(Some(patterns)),
                Some((file, Err(error))) => Err(format!("{}: {error}", file.name)),
            },
        })
    }

    /// What is wrong with the ignore file.
    pub(super) fn wrong_ignore_file(&self) -> Option<&str> {
        self.ignore.as_ref().err().map(String::as_str)
    }

    /// Whether the text is no Dockerfile. Then there is nothing that rules could be about.
    pub(super) fn is_broken(&self) -> bool {
        has_errors(&self.parsed)
    }

    /// What the rules find, on any of the platforms; `facts` are those of one survey.
    pub(super) fn findings<'s>(
        &'s self,
        options: &Options,
        facts: impl Iterator<Item = Facts<'s>>,
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for (nth, facts) in facts.enumerate() {
            let found = lint::check(&options.dockerfile, &self.parsed, &self.settings, &facts);
            for finding in found {
                let is_known = |other: &Finding| other.diagnostic == finding.diagnostic;
                if nth == 0 || !findings.iter().any(is_known) {
                    findings.push(finding);
                }
            }
        }
        findings
    }

    /// What a survey found out, for the rules.
    pub(super) fn facts<'s>(&'s self, options: &Options, survey: &Survey) -> Facts<'s> {
        let bases = survey.bases.iter();
        Facts {
            build_args: options.build_args.clone(),
            predefined: survey.predefined.clone(),
            bases: bases.map(|(&index, base)| (index, of_base(base))).collect(),
            stages: Some(survey.planned.clone()),
            ignore: self.ignore.as_ref().ok().and_then(Option::as_ref),
            context: None,
            names: names::names(),
        }
    }
}

fn has_errors(parsed: &Parsed) -> bool {
    let diagnostics = &parsed.diagnostics;
    diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error)
}

fn of_base(base: &StageBase) -> Base {
    let Some(image) = &base.image else {
        return Base::default();
    };
    let (found, wanted) = (image.config.platform(), &base.wanted);
    let fits = found.os == wanted.os && found.architecture == wanted.architecture;
    // An image without any layer is `scratch` to Docker.
    let is_empty = image.config.rootfs.diff_ids.is_empty();
    Base {
        env: image.config.config.env.clone(),
        has_shell: !image.config.config.shell.is_empty(),
        triggers: image.config.config.on_build.clone(),
        mismatch: (!fits && !is_empty).then(|| Mismatch {
            found: found.normalise().to_string(),
            wanted: wanted.normalise().to_string(),
        }),
    }
}
