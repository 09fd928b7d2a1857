//! `build --call`: questions about a Dockerfile, answered as `docker buildx build` answers them.

mod check;
mod describe;
mod frame;
mod location;
mod outline;
mod targets;

use super::checks::Checks;
use super::flags::Args;
use super::options;
use super::session::Session;
use super::syntax;
use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::progress::Notices;
use builder::{Options, Stages, Surveyed};
use serde_json::Value;

/// A question, and how the answer is to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) format: Format,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Check,
    Outline,
    Targets,
    Describe,
}

/// How the answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

impl Method {
    /// The method of a name: `Some(None)` is the build itself.
    pub(super) fn named(name: &str) -> Option<Option<Self>> {
        match name {
            "build" | "" => Some(None),
            "check" | "lint" => Some(Some(Self::Check)),
            "outline" => Some(Some(Self::Outline)),
            "targets" => Some(Some(Self::Targets)),
            "subrequests.describe" => Some(Some(Self::Describe)),
            _ => None,
        }
    }
}

/// Answers.
pub(super) fn run(asked: Asked, args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if asked.method == Method::Describe {
        return describe::run(asked.format);
    }
    let session = Session::open(config, &Notices::default())?;
    let options = options::read(args, config, &session.environment(&|_| ()))?;
    let checks = Checks::read(&options, config)?;
    syntax::check(&options, &checks.parsed, config)?;
    match asked.method {
        Method::Check => check::run(&checks, &options, asked.format, &session),
        Method::Outline => outline::run(&checks, &options, asked.format, &session),
        Method::Targets | Method::Describe => targets::run(&checks, &options, asked.format, config),
    }
}

/// Plans, without building.
fn survey(options: &Options, stages: Stages, session: &Session<'_>) -> Surveyed {
    builder::survey(options, &session.environment(&|_| ()), stages)
}

/// What is wrong with a text that is no Dockerfile.
fn refuse_broken(checks: &Checks, options: &Options, config: &Config) -> Result<(), CommandError> {
    match checks.is_broken() {
        true => Err(command_error::of_diagnostics(
            &checks.parsed.diagnostics,
            &options.dockerfile,
            config.style(),
        )),
        false => Ok(()),
    }
}

fn print_json(value: &Value) -> Result<(), CommandError> {
    output::result(&format!("{value:#}\n"))
}
