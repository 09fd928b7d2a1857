//! `carafe build`.

mod context;
mod flags;
mod options;
mod outputs;
mod rejected;
mod secrets;
mod summary;

pub(crate) use flags::Args;

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::{LogDirectory, Mode, Notices, Progress};
use crate::{diagnostic, output, signals};
use builder::{Environment, Event, Options, Outcome};
use dockerfile::{Diagnostic, Severity};
use lint::Settings;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    args.rejected.check()?;
    let mode = mode(args, config)?;
    let outputs = outputs::read(args)?;
    let options = options::read(args, &outputs, config)?;
    for stdout_user in outputs.iter().filter(|output| output.writes_to_stdout()) {
        stdout_user.check_stdout(io::stdout())?;
    }
    let warnings = Mutex::new(lint(&options, config)?);
    let cancel = signals::watch();
    let store = config.store()?;
    let notices = Notices::default();
    let registry = config.registry(Arc::clone(&cancel), notices.observer())?;
    let logs = LogDirectory::new(&store.layout().logs());
    let progress = Progress::start(mode, config.style(), logs, &notices);
    let events = |event: Event| match event {
        Event::Warning(warning) => {
            warnings
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(warning);
        }
        other => progress.event(other),
    };
    let environment = Environment {
        store: &store,
        registry: &registry,
        events: &events,
        cancel: &cancel,
        resolv_conf: config.resolv_conf(),
    };
    let built = builder::build(&options, &environment);
    let exported = built
        .map_err(|error| Failure::Build(Box::new(error)))
        .and_then(|outcome| {
            let exports =
                outputs::export(&outputs, &outcome, args, &store).map_err(Failure::Export)?;
            Ok((outcome, exports))
        });
    let failed_steps = progress.end();
    let warnings = warnings
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    show_warnings(&warnings, &options, mode, config);
    match exported {
        Ok((outcome, exports)) => {
            summary::write_files(args, &outcome, &options)?;
            let size = store.image_size(&outcome.image)?;
            let summary = summary::success(&options, &outcome, &exports, size, config.style());
            finish(args, &outcome, &summary)
        }
        Err(_) if signals::exit().is_some() => Err(command_error::interrupted()),
        Err(Failure::Export(error)) => Err(error),
        Err(Failure::Build(error)) => {
            for step in &failed_steps {
                output::note(&summary::failed_step(step, config.style()));
            }
            Err(command_error::of_build(
                *error,
                &options.dockerfile,
                config.style(),
            ))
        }
    }
}

/// What the rules find. With `# check=error=true` that is the end.
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
    let (errors, rest): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|finding| finding.severity == Severity::Error);
    match errors.is_empty() {
        true => Ok(rest),
        false => Err(command_error::of_diagnostics(
            &errors,
            source,
            config.style(),
        )),
    }
}

/// What can fail once the build has begun.
enum Failure {
    Build(Box<builder::Error>),
    Export(CommandError),
}

fn mode(args: &Args, config: &Config) -> Result<Mode, CommandError> {
    let asked = args.progress.clone().or_else(|| config.progress());
    match asked.as_deref().unwrap_or("auto") {
        _ if args.quiet => Ok(Mode::Quiet),
        "auto" | "" if config.has_live_terminal() => Ok(Mode::Tty),
        "tty" if config.has_live_terminal() => Ok(Mode::Tty),
        "tty" => Err(
            CommandError::usage("--progress=tty needs a terminal on standard error")
                .hint("--progress=auto shows what is possible"),
        ),
        "auto" | "" | "plain" => Ok(Mode::Plain),
        "quiet" | "none" => Ok(Mode::Quiet),
        "rawjson" => Err(CommandError::not_yet("--progress=rawjson")),
        other => Err(
            CommandError::usage(format!("there is no progress display `{other}`"))
                .hint("it is one of auto, tty, plain, quiet"),
        ),
    }
}

fn show_warnings(warnings: &[Diagnostic], options: &Options, mode: Mode, config: &Config) {
    if mode == Mode::Quiet {
        return;
    }
    for warning in warnings {
        output::note(&diagnostic::render(
            warning,
            &options.dockerfile,
            config.style(),
        ));
    }
}

fn finish(args: &Args, outcome: &Outcome, summary: &str) -> Result<Exit, CommandError> {
    if args.quiet {
        output::result(&format!("{}\n", outcome.image.id))?;
    } else if args.progress.as_deref() != Some("none") {
        output::note(summary);
    }
    Ok(Exit::Success)
}
