//! The command line: verbs and the flags that all of them take.

use crate::command_error::CommandError;
use crate::commands;
use crate::config::Config;
use crate::container::join;
use crate::docker_plugin::{self, Call};
use crate::exit::Exit;
use crate::output;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Build container images from Dockerfiles, without a daemon and without root.
#[derive(Debug, Parser)]
#[command(
    name = "carafe",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    /// Keep images, layers and containers in this directory
    #[arg(long, value_name = "DIR", global = true, display_order = 1000)]
    root: Option<PathBuf>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(Box<commands::build::Args>),
    Bake(Box<commands::bake::Args>),
    Lint(Box<commands::lint::Args>),
    Lsp(commands::lsp::Args),
    Images(commands::images::Args),
    History(commands::history::Args),
    Inspect(commands::inspect::Args),
    Analyze(commands::analyze::Args),
    Check(commands::check::Args),
    Diff(commands::diff::Args),
    Run(Box<commands::run::Args>),
    Volume(commands::volume::Args),
    Ps(commands::ps::Args),
    Logs(commands::logs::Args),
    Exec(Box<commands::exec::Args>),
    Cp(commands::cp::Args),
    Top(commands::top::Args),
    Stats(commands::stats::Args),
    Port(commands::port::Args),
    Stop(commands::stop::Args),
    Start(commands::start::Args),
    /// Stop containers and start them again
    Restart(commands::stop::Args),
    Kill(commands::kill::Args),
    Wait(commands::wait::Args),
    Rename(commands::rename::Args),
    Rm(commands::rm::Args),
    Pull(commands::pull::Args),
    Push(commands::push::Args),
    Login(commands::login::Args),
    Logout(commands::logout::Args),
    Load(commands::load::Args),
    Save(commands::save::Args),
    Import(commands::import::Args),
    Export(commands::export::Args),
    Tag(commands::tag::Args),
    Rmi(commands::rmi::Args),
    Prune(commands::prune::Args),
    Image(commands::image::Args),
    Builder(commands::builder::Args),
    System(commands::system::Args),
    Gc(commands::gc::Args),
    Doctor(commands::doctor::Args),
    Version(commands::version::Args),
    DockerPlugin(commands::docker_plugin::Args),
    #[command(hide = true)]
    Buildx(commands::buildx::Args),
    /// Own a detached container (started by `run -d`)
    #[command(hide = true)]
    Monitor(commands::monitor::Args),
}

impl Verb {
    /// The container that is looked into while it runs.
    fn container(&self) -> Option<&str> {
        match self {
            Self::Exec(args) => Some(args.container()),
            Self::Cp(args) => args.container(),
            Self::Top(args) => Some(args.container()),
            _ => None,
        }
    }

    /// Whether it sends signals to containers.
    fn signals_containers(&self) -> bool {
        matches!(
            self,
            Self::Stop(_) | Self::Restart(_) | Self::Kill(_) | Self::Rm(_)
        )
    }
}

/// Reads the command line, does what it says, and shows what went wrong.
pub(crate) fn run() -> Exit {
    let line = match docker_plugin::call(std::env::args_os()) {
        Call::Run(line) => line,
        Call::Answer(text) => {
            return said(
                output::result(&text).map(|()| Exit::Success),
                &Config::new(None),
            );
        }
    };
    let cli = match Cli::try_parse_from(&line) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" that succeed; a closed pipe is all that can go wrong here.
            let _ = error.print();
            return match error.use_stderr() {
                false => Exit::Success,
                // As with Docker: 2 would be taken for the program's own code.
                true if is_run(line.into_iter().skip(1)) => Exit::ContainerSetup,
                true => Exit::Usage,
            };
        }
    };
    let config = Config::new(cli.root);
    let done = match cli.verb {
        Verb::Version(args) => commands::version::run(&args, &config),
        Verb::DockerPlugin(args) => commands::docker_plugin::run(&args, &config),
        // Reads and writes files of the user's, and nothing else.
        Verb::Lint(args) => commands::lint::run(&args, &config),
        // Reads texts that an editor sends, and nothing of the store.
        Verb::Lsp(args) => commands::lsp::run(&args, &config),
        // Looks around before it becomes anything else.
        Verb::Doctor(args) => commands::doctor::run(&args, &config),
        // Helper programs ask services that know the user by number.
        Verb::Login(args) => commands::login::run(&args, &config),
        Verb::Logout(args) => commands::logout::run(&args, &config),
        verb => become_root(&verb, &config).and_then(|()| dispatch(verb, &config)),
    };
    said(done, &config)
}

fn become_root(verb: &Verb, config: &Config) -> Result<(), CommandError> {
    if verb.signals_containers() && !rustix::process::geteuid().is_root() {
        sandbox::prepare_to_signal()?;
    }
    join::become_root(verb.container(), config)
}

/// Shows what went wrong.
fn said(done: Result<Exit, CommandError>, config: &Config) -> Exit {
    done.unwrap_or_else(|error: CommandError| {
        output::note(&error.render(config.style()));
        error.exit()
    })
}

/// Whether the verb is `run`.
fn is_run(mut args: impl Iterator<Item = OsString>) -> bool {
    while let Some(arg) = args.next() {
        if arg == "--root" {
            args.next();
        } else if !arg.to_string_lossy().starts_with('-') {
            return arg == "run";
        }
    }
    false
}

fn dispatch(verb: Verb, config: &Config) -> Result<Exit, CommandError> {
    match verb {
        Verb::Build(args) => commands::build::run(&args, config),
        Verb::Bake(args) => commands::bake::run(&args, config),
        Verb::Lint(args) => commands::lint::run(&args, config),
        Verb::Lsp(args) => commands::lsp::run(&args, config),
        Verb::Images(args) => commands::images::run(&args, config),
        Verb::History(args) => commands::history::run(&args, config),
        Verb::Inspect(args) => commands::inspect::run(&args, config),
        Verb::Check(args) => commands::check::run(&args, config),
        Verb::Analyze(args) => commands::analyze::run(&args, config),
        Verb::Diff(args) => commands::diff::run(&args, config),
        Verb::Run(args) => commands::run::run(&args, config),
        Verb::Volume(args) => commands::volume::run(&args, config),
        Verb::Ps(args) => commands::ps::run(&args, config),
        Verb::Logs(args) => commands::logs::run(&args, config),
        Verb::Exec(args) => commands::exec::run(&args, config),
        Verb::Cp(args) => commands::cp::run(&args, config),
        Verb::Top(args) => commands::top::run(&args, config),
        Verb::Stats(args) => commands::stats::run(&args, config),
        Verb::Port(args) => commands::port::run(&args, config),
        Verb::Start(args) => commands::start::run(&args, config),
        Verb::Restart(args) => commands::start::restart(&args, config),
        Verb::Kill(args) => commands::kill::run(&args, config),
        Verb::Wait(args) => commands::wait::run(&args, config),
        Verb::Rename(args) => commands::rename::run(&args, config),
        Verb::Stop(args) => commands::stop::run(&args, config),
        Verb::Rm(args) => commands::rm::run(&args, config),
        Verb::Pull(args) => commands::pull::run(&args, config),
        Verb::Push(args) => commands::push::run(&args, config),
        Verb::Login(args) => commands::login::run(&args, config),
        Verb::Logout(args) => commands::logout::run(&args, config),
        Verb::Load(args) => commands::load::run(&args, config),
        Verb::Save(args) => commands::save::run(&args, config),
        Verb::Import(args) => commands::import::run(&args, config),
        Verb::Export(args) => commands::export::run(&args, config),
        Verb::Tag(args) => commands::tag::run(&args, config),
        Verb::Rmi(args) => commands::rmi::run(&args, config),
        Verb::Prune(args) => commands::prune::run(&args, config),
        Verb::Image(args) => commands::image::run(&args, config),
        Verb::Builder(args) => commands::builder::run(&args, config),
        Verb::System(args) => commands::system::run(&args, config),
        Verb::Gc(args) => commands::gc::run(&args, config),
        Verb::Doctor(args) => commands::doctor::run(&args, config),
        Verb::Version(args) => commands::version::run(&args, config),
        Verb::DockerPlugin(args) => commands::docker_plugin::run(&args, config),
        Verb::Buildx(args) => commands::buildx::run(&args, config),
        Verb::Monitor(args) => commands::monitor::run(&args, config),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, is_run};
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_verb_is_found() {
        let of = |text: &str| is_run(text.split(' ').map(Into::into));
        assert!(of("run --x") && of("--root /r run") && of("--root=/r run x"));
        assert!(!of("ps run") && !of("--root run ps") && !of("--help"));
    }
}
