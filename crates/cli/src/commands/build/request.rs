//! One build: what was asked for, read and checked before anything is done.

use super::flags::Args;
use super::outputs::{self, Exported, Output};
use super::result::{self, BuildResult};
use super::session::Session;
use super::{options, reproducible, summary};
use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::diagnostic;
use builder::{Event, Options, Outcome};
use dockerfile::{Diagnostic, Severity};
use lint::Settings;
use oci::Digest;
use std::io;
use std::sync::{Mutex, PoisonError};

/// A build that can be done.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    args: &'a Args,
    outputs: Vec<Output>,
    options: Options,
    /// What the rules found, and what the build adds.
    warnings: Mutex<Vec<Diagnostic>>,
}

/// A build that was done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    exports: Vec<Exported>,
}

/// What can fail once a build has begun.
#[derive(Debug)]
pub(crate) enum Failure {
    Build(Box<builder::Error>),
    Export(CommandError),
}

impl Done {
    /// What identifies the result.
    pub(crate) fn id(&self) -> &Digest {
        result::id(&self.outcome, &self.exports)
    }
}

impl<'a> Request<'a> {
    /// Reads everything that the flags name, and checks what can be checked.
    pub(crate) fn read(args: &'a Args, config: &Config) -> Result<Self, CommandError> {
        args.rejected.check()?;
        let outputs = outputs::read(args)?;
        let mut options = options::read(args, config)?;
        options.times = reproducible::times(args, &outputs, &options, config)?;
        outputs::check_platforms(&outputs, &options)?;
        for stdout_user in outputs.iter().filter(|output| output.writes_to_stdout()) {
            stdout_user.check_stdout(io::stdout())?;
        }
        let warnings = Mutex::new(lint(&options, config)?);
        Ok(Self {
            args,
            outputs,
            options,
            warnings,
        })
    }

    /// Builds and exports; `show` gets the events that are for the eye.
    pub(crate) fn execute(
        &self,
        session: &Session<'_>,
        show: &(dyn Fn(Event) + Sync),
    ) -> Result<Done, Failure> {
        let events = |event: Event| match event {
            Event::Warning(warning) => self.warn(warning),
            other => show(other),
        };
        let environment = session.environment(&events);
        let outcome = builder::build(&self.options, &environment)
            .map_err(|error| Failure::Build(Box::new(error)))?;
        let exports =
            outputs::export(&self.outputs, &outcome, &session.store).map_err(Failure::Export)?;
        Ok(Done { outcome, exports })
    }

    /// Writes the files that tell of the result, and says what is told at the end.
    pub(crate) fn conclude(
        &self,
        done: &Done,
        session: &Session<'_>,
    ) -> Result<String, CommandError> {
        let result = BuildResult::new(&done.outcome, &self.outputs, &done.exports);
        result.write_files(self.args)?;
        let images = done.outcome.first().images.iter();
        let sizes: Result<Vec<_>, _> = images.map(|i| session.store.image_size(i)).collect();
        let (outcome, size, style) = (&done.outcome, sizes?.iter().sum(), session.config.style());
        let mut said = summary::success(&result, outcome, size, style);
        let is_image = |output: &Output| matches!(output, Output::Image(_));
        if session.config.is_called_by_docker() && self.outputs.iter().any(is_image) {
            said.push_str(&summary::where_for_docker(&result, style));
        }
        Ok(said)
    }

    /// The warnings so far, as they are shown.
    pub(crate) fn rendered_warnings(&self, config: &Config) -> String {
        let render =
            |warning| diagnostic::render(warning, &self.options.dockerfile, config.style());
        self.warnings().iter().map(render).collect()
    }

    /// The error that a failure is for the user.
    pub(crate) fn error(&self, failure: Failure, config: &Config) -> CommandError {
        match failure {
            Failure::Export(error) => error,
            Failure::Build(error) => {
                command_error::of_build(*error, &self.options.dockerfile, config.style())
            }
        }
    }

    /// Builds for several platforms have the same to tell.
    fn warn(&self, warning: Diagnostic) {
        let mut warnings = self.warnings();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    fn warnings(&self) -> std::sync::MutexGuard<'_, Vec<Diagnostic>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the rules find. With `# check=error=true` or `--strict` that is the end.
fn lint(options: &Options, config: &Config) -> Result<Vec<Diagnostic>, CommandError> {
    let source = &options.dockerfile;
    let parsed = dockerfile::parse(source);
    if parsed
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error)
    {
        // The build says so.
        return Ok(Vec::new());
    }
    let found = match Settings::of(&parsed) {
        Ok(settings) => lint::check(source, &parsed, &settings),
        Err(wrong) => vec![wrong],
    };
    let strict = options.reporting.strict;
    let (mut errors, rest): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|finding| strict || finding.severity == Severity::Error);
    for error in &mut errors {
        error.severity = Severity::Error;
    }
    match errors.is_empty() {
        true => Ok(rest),
        false => Err(command_error::of_diagnostics(
            &errors,
            source,
            config.style(),
        )),
    }
}
