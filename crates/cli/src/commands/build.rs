//! `carafe build`.

mod cache;
mod call;
mod call_flags;
mod checks;
mod context;
mod destinations;
mod failure_shell;
mod flags;
mod from_target;
mod ignored;
mod options;
mod outputs;
mod platforms;
mod rejected;
mod reporting;
mod reproducible;
mod request;
mod result;
mod run_flags;
mod secrets;
mod session;
mod split;
mod starting;
mod summary;
mod syntax;

use failure_shell::FailureShell;
use run_flags::OnError;

pub(crate) use run_flags::ulimit;

pub(crate) use flags::Args;
pub(crate) use request::{Done, Failure, Request};
pub(crate) use session::Session;
pub(crate) use summary::failed_step;

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::{LogDirectory, Mode, Notices, Progress};
use crate::{output, signals};
use builder::{FailedRun, Inspector};

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if let Some(asked) = args.call.read()? {
        return call::run(asked, args, config);
    }
    let mode = mode(args, config)?;
    let shell = match args.run.on_error {
        OnError::Fail => None,
        OnError::Shell => Some(FailureShell::new(config)?),
    };
    Request::check_flags(args)?;
    destinations::check(args)?;
    if matches!(mode, Mode::Plain | Mode::Tty) {
        args.ignored
            .notes()
            .iter()
            .for_each(|note| output::note(note));
    }
    let notices = Notices::default();
    let session = Session::open(config, &notices)?;
    let logs = LogDirectory::new(&session.store.layout().logs());
    let progress = Progress::start(mode, config.style(), logs, &notices);
    let show = |event| progress.event(event);
    let request = match Request::read(args, &session, &show) {
        Ok(request) => request,
        Err(error) => {
            progress.end();
            return Err(error);
        }
    };
    let inspect = |failed: &mut FailedRun<'_>| {
        if let Some(shell) = &shell {
            shell.open(failed, &progress, &session);
        }
    };
    let inspector: Option<&Inspector<'_>> = shell.is_some().then_some(&inspect);
    let done = request.execute(&session, &show, inspector);
    let failed_steps = progress.end();
    request.explain(config)?;
    output::note(&request.rendered_warnings(mode, config));
    match done {
        Ok(done) => {
            let summary = request.conclude(&done, &session)?;
            if args.quiet {
                output::result(&format!("{}\n", done.id()))?;
            } else if mode != Mode::RawJson && args.progress.as_deref() != Some("none") {
                output::note(&summary);
            }
            Ok(Exit::Success)
        }
        Err(_) if signals::exit().is_some() => Err(command_error::interrupted()),
        Err(failure) => {
            if let Failure::Build(_) = failure {
                for step in &failed_steps {
                    output::note(&summary::failed_step(step, config.style()));
                }
            }
            Err(request.error(failure, config))
        }
    }
}

fn mode(args: &Args, config: &Config) -> Result<Mode, CommandError> {
    match args.quiet {
        true => Ok(Mode::Quiet),
        false => mode_of(args.progress.as_deref(), config),
    }
}

/// The display that `--progress` asks for, else `BUILDKIT_PROGRESS`.
pub(crate) fn mode_of(asked: Option<&str>, config: &Config) -> Result<Mode, CommandError> {
    let asked = asked.map(str::to_owned).or_else(|| config.progress());
    match asked.as_deref().unwrap_or("auto") {
        "auto" | "" if config.has_live_terminal() => Ok(Mode::Tty),
        "tty" if config.has_live_terminal() => Ok(Mode::Tty),
        "tty" => Err(
            CommandError::usage("--progress=tty needs a terminal on standard error")
                .hint("--progress=auto shows what is possible"),
        ),
        "auto" | "" | "plain" => Ok(Mode::Plain),
        "quiet" | "none" => Ok(Mode::Quiet),
        "rawjson" => Ok(Mode::RawJson),
        other => Err(
            CommandError::usage(format!("there is no progress display `{other}`"))
                .hint("it is one of auto, tty, plain, quiet, rawjson"),
        ),
    }
}
