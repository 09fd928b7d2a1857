//! `carafe exec`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::attach::{self, Streams, forward};
use crate::container::directory::{Container, Containers};
use crate::container::environment;
use crate::container::monitor::{self, Launched};
use crate::container::process::{Program, entry};
use crate::container::state::{Phase, State};
use crate::exit::Exit;
use crate::key_values::maybe_pair;
use crate::signals::Forwarder;
use crate::terminal;
use crate::terminal::raw_mode::RawMode;
use sandbox::WindowSize;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Run a further program in a container
#[derive(Debug, clap::Args)]
#[command(override_usage = "carafe exec [OPTIONS] CONTAINER PROGRAM [ARG]...")]
pub(crate) struct Args {
    /// Run in the background
    #[arg(short, long)]
    detach: bool,
    /// Pass standard input on
    #[arg(short, long)]
    interactive: bool,
    /// Give it a terminal
    #[arg(short, long)]
    tty: bool,
    /// Set a variable; without a value, to your own of this name
    #[arg(short, long = "env", value_name = "NAME[=VALUE]", value_parser = maybe_pair)]
    env: Vec<(String, Option<String>)>,
    /// Set variables from a file
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// Start in this folder
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Run as this user
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    user: Option<String>,
    #[arg(long, hide = true)]
    privileged: bool,
    /// Is the process that `-d` leaves
    #[arg(long, hide = true, conflicts_with_all = ["detach", "interactive", "tty"])]
    left_behind: bool,
    /// The container: its name or ID
    container: String,
    /// The program
    program: String,
    /// Its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARG"
    )]
    arguments: Vec<String>,
}

impl Args {
    /// The container's name.
    pub(crate) fn container(&self) -> &str {
        &self.container
    }
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.privileged {
        return Err(CommandError::not_yet("exec --privileged").hint(
            "what a program may do is what the container may: say --cap-add where it is made",
        ));
    }
    if args.left_behind {
        return left_behind(args, config);
    }
    if args.tty && args.interactive && !args.detach && !terminal::is_terminal(io::stdin()) {
        return Err(
            CommandError::usage("-it needs a terminal on standard input")
                .hint("leave -t out to pass other input on"),
        );
    }
    if args.detach {
        // Told before anything is left behind.
        running(args, config)?;
        monitor::leave_behind(line(args, config)?)?;
        return Ok(Exit::Success);
    }
    // Before any thread is started, so that all of them leave the signals to it.
    let signals = Forwarder::start();
    let started = start(args, config, &signals, Streams::Attached)?;
    started.end()
}

/// A program that runs, and what belongs to it.
struct Started {
    child: sandbox::Child,
    pumps: Vec<std::thread::JoinHandle<()>>,
    _raw: Option<RawMode>,
}

impl Started {
    fn end(mut self) -> Result<Exit, CommandError> {
        let code = self.child.wait()?.code();
        for pump in self.pumps {
            // A pump that panicked has lost its own output only.
            let _ = pump.join();
        }
        Ok(Exit::Program(u8::try_from(code).unwrap_or(u8::MAX)))
    }
}

/// The container, its state, and its process.
fn running(args: &Args, config: &Config) -> Result<(Container, State, OwnedFd), CommandError> {
    let name = &args.container;
    let container = Containers::new(&config.store()?).find(name)?;
    let state = container.state()?;
    match (state.phase, state.open_process()) {
        (Phase::Running, Some(process)) => Ok((container, state, process)),
        (Phase::Restarting, _) => Err(CommandError::new(format!(
            "container {name} is about to be started again"
        ))
        .hint("wait until it runs")),
        _ => Err(
            CommandError::new(format!("container {name} is not running"))
                .hint(format!("start it first: carafe start {name}")),
        ),
    }
}

fn start(
    args: &Args,
    config: &Config,
    signals: &Forwarder,
    streams: Streams,
) -> Result<Started, CommandError> {
    let (container, state, process) = running(args, config)?;
    let record = &container.record;
    let mut program = Program::of(record, None);
    for file in &args.env_files {
        for (name, value) in environment::read_file(file)? {
            environment::apply(&mut program.environment, &name, value.as_deref(), config);
        }
    }
    for (name, value) in &args.env {
        environment::apply(&mut program.environment, name, value.as_deref(), config);
    }
    program.command = [&args.program]
        .into_iter()
        .chain(&args.arguments)
        .cloned()
        .collect();
    if let Some(user) = &args.user {
        program.user.clone_from(user);
    }
    if let Some(dir) = &args.workdir {
        program.working_directory.clone_from(dir);
    }
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let (rows, columns) = size.map_or((24, 80), |size| (size.ws_row, size.ws_col));
    program.terminal = args.tty.then_some(WindowSize { rows, columns });
    let entry = entry(&container, &state, process)?;
    let process = program.process(record, &entry.root()?)?;
    let (stdio, pipes) = attach::pipes(args.interactive)?;
    signals.hold();
    let child = sandbox::enter(&entry, &process, stdio).map_err(refused)?;
    let pumps = pipes.connect(streams, &child, None)?;
    // From here on the terminal is the program's.
    let raw = match args.tty && args.interactive {
        true => {
            Some(RawMode::enter(io::stdin()).map_err(|e| CommandError::io("use the terminal", e))?)
        }
        false => None,
    };
    forward(&child, None, signals)?;
    Ok(Started {
        child,
        pumps,
        _raw: raw,
    })
}

/// Docker has a code for a missing folder, too: that of a missing program.
fn refused(error: sandbox::Error) -> CommandError {
    match error {
        sandbox::Error::WorkingDirectory { .. } => {
            CommandError::from(error).exit_with(Exit::NotFound)
        }
        error => error.into(),
    }
}

/// The command line of the process that is left behind: this one's, with another flag in the place of `-d`.
fn line(args: &Args, config: &Config) -> Result<Vec<OsString>, CommandError> {
    let mut words: Vec<OsString> = vec!["--root".into(), config.store_path()?.into()];
    words.extend(["exec", "--left-behind"].map(OsString::from));
    let mut variables = Vec::new();
    for file in &args.env_files {
        variables.extend(environment::read_file(file)?);
    }
    variables.extend(args.env.iter().cloned());
    for (name, value) in variables {
        let word = value.map_or_else(|| name.clone(), |value| format!("{name}={value}"));
        words.extend(["-e".into(), word.into()]);
    }
    for (flag, value) in [("-u", &args.user), ("-w", &args.workdir)] {
        if let Some(value) = value {
            words.extend([flag.into(), value.into()]);
        }
    }
    words.extend(["--", &args.container, &args.program].map(OsString::from));
    words.extend(args.arguments.iter().map(OsString::from));
    Ok(words)
}

fn left_behind(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let (_, report) = Launched::take_over()?.into_parts();
    let signals = Forwarder::start();
    match start(args, config, &signals, Streams::Detached) {
        Ok(started) => {
            Launched::report(report, Ok(&[]));
            started.end()
        }
        Err(error) => {
            Launched::report(report, Err(&error));
            Ok(error.exit())
        }
    }
}
