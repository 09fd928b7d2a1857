//! `carafe lint`.

mod configuration;
mod context;
mod diff;
mod explain;
mod fix;
mod flags;
mod formats;
mod inputs;
mod look;
mod refusals;
mod report;
mod run;
mod shellcheck;
mod show;

pub(crate) use flags::Args;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use configuration::Configuration;
use context::Contexts;
use dockerfile::Diagnostic;
use dockerfile::ignore::Patterns;
use lint::{Context, Finding, Options};
use run::Run;
use std::path::Path;

/// Whether rules say already what the parser refuses.
pub(crate) fn is_said(error: &Diagnostic, findings: &[Finding]) -> bool {
    refusals::is_said(error, |rule| {
        findings.iter().any(|finding| finding.rule.name == rule)
    })
}

/// The settings for a file, as `carafe lint` without flags reads them.
///
/// # Errors
/// When a configuration is wrong.
pub(crate) fn options_for(file: &Path, config: &Config) -> Result<Options, CommandError> {
    let mut configuration = Configuration::read(&Args::default(), config)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    Ok(configuration.of(folder)?.options(false))
}

/// What is in the folder of a file, as its build context.
///
/// # Errors
/// When the folder or its ignore file cannot be read.
pub(crate) fn context_of(file: &Path) -> Result<(Option<Patterns>, Option<Context>), CommandError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let found = Contexts::default().look(folder, Some(file))?;
    Ok((found.ignore.clone(), found.context.clone()))
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if let Some(rule) = &args.explain {
        output::result(&explain::page(rule)?)?;
        return Ok(Exit::Success);
    }
    if args.list_rules {
        output::result(&explain::list(args.format.first().copied()))?;
        return Ok(Exit::Success);
    }
    let mut run = Run::new(args, config)?;
    // What is about all files is read where the user is.
    let settings = run.configuration.of(Path::new("."))?;
    let inputs = inputs::find(args)?;
    inputs.errors.iter().for_each(|error| run.complain(error));
    for input in &inputs.files {
        match run.look_at(input) {
            Ok(()) => {}
            // A wrong configuration would give wrong answers.
            Err(error) if error.exit() == Exit::Usage => return Err(error),
            Err(error) => run.complain(&error),
        }
    }
    show::show(&run, &settings)?;
    let is_reported = settings.formats.iter().any(|format| format.never_fails());
    let is_let_pass = settings.no_fail == Some(true) || is_reported;
    Ok(match run.is_incomplete || (run.fails && !is_let_pass) {
        true => Exit::Failure,
        false => Exit::Success,
    })
}
