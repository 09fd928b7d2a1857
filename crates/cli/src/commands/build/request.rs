//! One build: what was asked for, read and checked before anything is done.

use super::cache::{Caches, Written};
use super::checks::Checks;
use super::flags::Args;
use super::outputs::{self, ExportError, Exported, Output};
use super::reporting::Form;
use super::result::{self, BuildResult};
use super::session::Session;
use super::syntax;
use super::{context, options, reproducible, starting, summary};
use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::progress::{self, Mode};
use crate::report::reasons;
use crate::{diagnostic, output};
use builder::{
    Environment, Event, Explained, Inspector, NoCache, Options, Outcome, StepDifferences, Survey,
    Verified,
};
use dockerfile::{Diagnostic, Severity};
use oci::{Compression, Digest};
use serde_json::Value;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A build that can be done.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    args: &'a Args,
    outputs: Vec<Output>,
    caches: Caches,
    options: Options,
    /// How layers are compressed that need not be here.
    leave: Option<Compression>,
    checks: Checks,
    /// What the rules found, and what the build adds.
    warnings: Mutex<Vec<Diagnostic>>,
    /// Why its steps were executed, once it is over.
    explained: OnceLock<Vec<Explained>>,
    /// Whether a step was executed.
    is_new: AtomicBool,
}

/// A build that was done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    exports: Vec<Exported>,
    caches: Vec<Written>,
}

/// What can fail once a build has begun.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The rules found what is not allowed (`# check=error=true`).
    Checks(Vec<Diagnostic>),
    Build(Box<builder::Error>),
    Export(CommandError),
    /// `--verify-reproducible`.
    Different(Vec<StepDifferences>),
}

impl Done {
    /// What identifies the result.
    pub(crate) fn id(&self) -> &Digest {
        result::id(&self.outcome, &self.exports)
    }
}

impl<'a> Request<'a> {
    /// Finds what is wrong with the flags alone, before anything is made.
    pub(crate) fn check_flags(args: &Args) -> Result<(), CommandError> {
        args.rejected.check()?;
        outputs::read(args)?;
        context::check(args)
    }

    /// Reads everything that the flags name, and checks what can be checked. A context that is elsewhere is fetched;
    /// `show` gets the events of that.
    pub(crate) fn read(
        args: &'a Args,
        session: &Session<'_>,
        show: &(dyn Fn(Event) + Sync),
    ) -> Result<Self, CommandError> {
        Self::check_flags(args)?;
        let config = session.config;
        let outputs = outputs::read(args)?;
        let mut options = options::read(args, config, &session.environment(show))?;
        let caches = args.cache.read(config)?;
        options.cache = caches.options(options.build_args.get("BUILDKIT_INLINE_CACHE"));
        options.times = reproducible::times(args, &outputs, &options, config)?;
        options.wanted = outputs::wanted(&outputs);
        if args.reproducible.verify_reproducible {
            options.no_cache = NoCache::All;
        }
        outputs::check_platforms(&outputs, &options)?;
        args.reporting.check(args, &outputs)?;
        for stdout_user in outputs.iter().filter(|output| output.writes_to_stdout()) {
            stdout_user.check_stdout(io::stdout())?;
        }
        let checks = Checks::read(&options, config)?;
        let older = syntax::check(&options, &checks.parsed, config)?;
        Ok(Self {
            args,
            leave: outputs::leave(&outputs),
            outputs,
            caches,
            options,
            checks,
            warnings: Mutex::new(older.into_iter().collect()),
            explained: OnceLock::new(),
            is_new: AtomicBool::new(false),
        })
    }

    /// Others use the result: it has to be here whole.
    pub(crate) fn keep_whole(&mut self) {
        self.leave = None;
    }

    /// Gives a context the result of another build.
    pub(crate) fn use_result(&mut self, name: &str, done: &Done) {
        let root = done.outcome.first().root.clone();
        let contexts = &mut self.options.named_contexts;
        contexts.insert(name.to_owned(), builder::NamedContext::Built(root));
    }

    /// Builds and exports; `show` gets the events that are for the eye, `inspector` what failed.
    pub(crate) fn execute(
        &self,
        session: &Session<'_>,
        show: &(dyn Fn(Event) + Sync),
        inspector: Option<&Inspector<'_>>,
    ) -> Result<Done, Failure> {
        let events = |event: Event| match event {
            Event::Warning(warning) => self.warn(warning),
            Event::Surveyed(surveys) if !self.check(&surveys) => {
                session.cancel.store(true, Ordering::Relaxed);
            }
            Event::Explained(explained) => self.explained.set(explained).unwrap_or_default(),
            Event::Started(_) => {
                self.is_new.store(true, Ordering::Relaxed);
                show(event);
            }
            other => show(other),
        };
        let environment = Environment {
            inspector,
            layers_as: outputs::layers_as(&self.outputs),
            leave: self.leave,
            ..session.environment(&events)
        };
        let failed = |error: ExportError| Failure::Export(error.into_command_error());
        let outcome = self.build(&environment)?;
        let (outcome, exports) = match outputs::export(&self.outputs, &outcome, &environment) {
            // What the cache does not have, though it says so, has to be made.
            Err(ExportError::LeftLayer(_)) => {
                let environment = Environment {
                    leave: None,
                    ..session.environment(&events)
                };
                let outcome = self.build(&environment)?;
                let exports = outputs::export(&self.outputs, &outcome, &environment);
                (outcome, exports.map_err(failed)?)
            }
            exports => {
                let exports = exports.map_err(failed)?;
                (outcome, exports)
            }
        };
        let caches = self.caches.export(&outcome, &environment);
        let caches = caches.map_err(|error| self.failure(error))?;
        Ok(Done {
            outcome,
            exports,
            caches,
        })
    }

    fn build(&self, environment: &Environment<'_>) -> Result<Outcome, Failure> {
        let failed = |error| self.failure(error);
        if !self.args.reproducible.verify_reproducible {
            return builder::build(&self.options, environment).map_err(failed);
        }
        match builder::verify(&self.options, environment).map_err(failed)? {
            Verified::Same(outcome) => Ok(*outcome),
            Verified::Different(differences) => Err(Failure::Different(differences)),
        }
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
        { done.caches.iter() }.for_each(|cache| said.push_str(&cache.line(style)));
        // What was told once need not be told with every build that changes nothing.
        if self.is_new.load(Ordering::Relaxed) && self.options.target.is_none() {
            said.push_str(&starting::lines(&starting::problems(
                &done.outcome,
                session,
            )?));
        }
        if self.args.reproducible.verify_reproducible {
            said.push_str(&summary::verified(style));
        }
        let is_image = |output: &Output| matches!(output, Output::Image(_));
        if session.config.is_called_by_docker()
            && done.outcome.left.is_empty()
            && self.outputs.iter().any(is_image)
        {
            said.push_str(&summary::where_for_docker(&result, style));
        }
        Ok(said)
    }

    /// What programs are told of the result: the content of a metadata file.
    pub(crate) fn metadata(&self, done: &Done) -> Value {
        BuildResult::new(&done.outcome, &self.outputs, &done.exports).metadata()
    }

    /// The warnings so far, as they are shown.
    pub(crate) fn rendered_warnings(&self, mode: Mode, config: &Config) -> String {
        let (warnings, source) = (self.warnings(), &self.options.dockerfile);
        match mode {
            Mode::Quiet => String::new(),
            Mode::RawJson => {
                let line = |warning| progress::raw_warning(warning, source);
                warnings.iter().map(line).collect()
            }
            Mode::Plain | Mode::Tty => diagnostic::render_all(&warnings, source, config.style()),
        }
    }

    /// Says why its steps were executed, if that was asked for.
    pub(crate) fn explain(&self, config: &Config) -> Result<(), CommandError> {
        let (Some(form), Some(explained)) = (self.args.reporting.explain, self.explained.get())
        else {
            return Ok(());
        };
        match form {
            Form::Text => output::note(&reasons::text(explained, config.style())),
            Form::Json => output::result(&format!("{:#}\n", reasons::document(explained)))?,
        }
        Ok(())
    }

    /// The error that a failure is for the user.
    pub(crate) fn error(&self, failure: Failure, config: &Config) -> CommandError {
        match failure {
            Failure::Export(error) => error,
            Failure::Checks(errors) => {
                let source = &self.options.dockerfile;
                command_error::of_diagnostics(&errors, source, config.style())
            }
            Failure::Different(differences) => {
                reproducible::verdict(&differences, &self.options, config.style())
            }
            Failure::Build(error) => {
                command_error::of_build(*error, &self.options.dockerfile, config.style())
            }
        }
    }

    /// Looks at the Dockerfile with what planning found out. Tells whether the build may go on: `# check=error=true` and
    /// `--strict` make errors of what is found.
    fn check(&self, surveys: &[Survey]) -> bool {
        let facts = { surveys.iter() }.map(|survey| self.checks.facts(&self.options, survey));
        for finding in self.checks.findings(&self.options, facts) {
            let mut found = finding.diagnostic;
            if self.options.reporting.strict {
                found.severity = Severity::Error;
            }
            self.warnings().push(found);
        }
        !self.warnings().iter().any(is_error)
    }

    /// Why there is no image: a build that the rules stopped only says that it was stopped.
    fn failure(&self, error: builder::Error) -> Failure {
        let errors: Vec<Diagnostic> = self.warnings().extract_if(.., |d| is_error(d)).collect();
        match errors.is_empty() {
            true => Failure::Build(Box::new(error)),
            false => Failure::Checks(errors),
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

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}
