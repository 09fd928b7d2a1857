//! `carafe lint`.

mod flags;
mod formats;
mod inputs;
mod look;
mod report;

pub(crate) use flags::Args;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use look::Look;
use report::Report;

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let look = Look::new(args)?;
    let mut report = Report::default();
    let mut failed = false;
    for input in inputs::find(args)? {
        match input.read() {
            Ok(source) => report.files.push(look.at(source)),
            Err(error) => {
                failed = true;
                output::note(&error.render(config.style()));
            }
        }
    }
    output::result(&formats::render(
        &report,
        args.format(),
        args.hadolint_compat,
    ))?;
    match failed || report.issues().next().is_some() {
        true => Ok(Exit::Failure),
        false => Ok(Exit::Success),
    }
}
