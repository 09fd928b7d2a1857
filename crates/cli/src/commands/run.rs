//! `carafe run`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::attach::Streams;
use crate::container::directory::{Container, Containers, Ownership};
use crate::container::owner::{self, Surroundings};
use crate::container::ports::PublishedPort;
use crate::container::record::{NetworkMode, Record};
use crate::container::stop::SIGKILL;
use crate::container::volumes::Volume;
use crate::container::{environment, image_config, monitor, names};
use crate::exit::Exit;
use crate::key_values::maybe_pair;
use crate::signals::{self, Forwarder};
use crate::terminal::raw_mode::RawMode;
use crate::{output, terminal};
use oci::{Platform, timestamp};
use sandbox::{Emulation, WindowSize, send_signal};
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::SystemTime;
use store::{Image, Snapshot, Store};

/// Run a program in a new container
#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    override_usage = "carafe run [OPTIONS] IMAGE [ARG]..."
)]
pub(crate) struct Args {
    /// Remove the container when it ends
    #[arg(long)]
    rm: bool,
    /// Run in the background and print the container's ID
    #[arg(short, long)]
    detach: bool,
    /// Publish a port
    #[arg(short, long = "publish", value_name = "[[ADDRESS:]HOST:]CONTAINER", value_parser = PublishedPort::parse)]
    publish: Vec<PublishedPort>,
    /// Set a variable; without a value, to your own of this name
    #[arg(short, long = "env", value_name = "NAME[=VALUE]", value_parser = maybe_pair)]
    env: Vec<(String, Option<String>)>,
    /// Set variables from a file
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// Mount a folder or file of the host
    #[arg(short, long = "volume", value_name = "HOST:CONTAINER[:ro]", value_parser = Volume::parse)]
    volumes: Vec<Volume>,
    /// Give the container a name
    #[arg(long, value_name = "NAME", value_parser = names::check)]
    name: Option<String>,
    /// Start in this folder
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Run as this user
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    user: Option<String>,
    /// Run this program instead of the image's
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Choose the network: private, host or none
    #[arg(long, visible_alias = "net", value_name = "NETWORK", default_value = "private",
          value_parser = NetworkMode::parse)]
    network: NetworkMode,
    /// Pass standard input on
    #[arg(short, long)]
    interactive: bool,
    /// Give it a terminal
    #[arg(short, long)]
    tty: bool,
    /// Let nothing be written outside of volumes
    #[arg(long)]
    read_only: bool,
    /// Set the host name
    #[arg(short = 'h', long, value_name = "NAME")]
    hostname: Option<String>,
    /// Add a line to /etc/hosts
    #[arg(long = "add-host", value_name = "NAME:ADDRESS")]
    add_hosts: Vec<String>,
    /// Set what `stop` sends
    #[arg(long, value_name = "SIGNAL", value_parser = image_config::signal)]
    stop_signal: Option<i32>,
    /// Set a label
    #[arg(short, long = "label", value_name = "KEY[=VALUE]", value_parser = maybe_pair)]
    labels: Vec<(String, Option<String>)>,
    /// Pull the image: missing, always or never
    #[arg(
        hide_possible_values = true,
        long,
        value_name = "WHEN",
        default_value = "missing"
    )]
    pull: super::pull::When,
    /// Choose the image's platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Write the container's ID to a file
    #[arg(long, value_name = "FILE")]
    cidfile: Option<PathBuf>,
    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// The image: a name or an ID
    image: String,
    /// The program's arguments, or the program
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARG"
    )]
    arguments: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    start(args, config).map_err(CommandError::in_container_setup)
}

fn start(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.tty && args.interactive && !args.detach && !terminal::is_terminal(io::stdin()) {
        return Err(
            CommandError::usage("-it needs a terminal on standard input")
                .hint("leave -t out to pass other input on"),
        );
    }
    // Before any thread is started, so that all of them leave the signals to it.
    let signals = Forwarder::start();
    let store = config.store()?;
    let image = super::pull::image(
        &args.image,
        args.platform.as_ref(),
        args.pull,
        &store,
        config,
    )?;
    let record = record(args, &image, &store, config)?;
    let surroundings = surroundings(&record, &store, config)?;
    let (container, ownership) = Containers::new(&store).create(&record)?;
    if let Some(path) = &args.cidfile {
        std::fs::write(path, &record.id)
            .map_err(|error| CommandError::file("write", path, error))?;
    }
    if args.detach {
        return detach(&store, &container, ownership);
    }
    signals.hold();
    let started = owner::start(
        container.clone(),
        ownership,
        surroundings,
        Streams::Attached,
    );
    let running = started.inspect_err(|_| discard(&store, &container))?;
    // From here on the terminal is the container's.
    let _raw = match args.tty && args.interactive {
        true => {
            Some(RawMode::enter(io::stdin()).map_err(|e| CommandError::io("use the terminal", e))?)
        }
        false => None,
    };
    forward(&running, &signals)?;
    running.wait(&store)
}

fn detach(
    store: &Store,
    container: &Container,
    ownership: Ownership,
) -> Result<Exit, CommandError> {
    let launched = monitor::launch(store.path(), container, ownership);
    launched.inspect_err(|_| discard(store, container))?;
    output::result(&format!("{}\n", container.record.id))?;
    Ok(Exit::Success)
}

/// A container of `--rm` that could not be started is of no use.
fn discard(store: &Store, container: &Container) {
    if container.record.auto_remove {
        let _ = Containers::new(store).remove(container);
    }
}

/// Signals go to the container, a new size to its terminal. Who asks to end three times means it.
fn forward(running: &owner::Running, signals: &Forwarder) -> Result<(), CommandError> {
    let failed = |error| CommandError::io("duplicate a descriptor", error);
    let process = running.child.pidfd().try_clone_to_owned().map_err(failed)?;
    let terminal = running.child.terminal().map(|fd| fd.try_clone_to_owned());
    let terminal = terminal.transpose().map_err(failed)?;
    let mut asked = 0;
    signals.hand_to(Box::new(move |signal| {
        if signal == signals::RESIZED {
            if let Some(terminal) = &terminal
                && let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
            {
                // Only the look of the terminal depends on it.
                let _ = rustix::termios::tcsetwinsize(terminal, size);
            }
            return;
        }
        asked += u32::from(signals::asks_to_end(signal));
        let signal = if asked >= 3 { SIGKILL } else { signal };
        let _ = send_signal(process.as_fd(), signal);
    }));
    Ok(())
}

/// What the container is to be: the image's config with the flags on top.
fn record(
    args: &Args,
    image: &Image,
    store: &Store,
    config: &Config,
) -> Result<Record, CommandError> {
    let of_image = store.config(&image.config)?.config;
    let id = names::id()?;
    let short: String = id.chars().take(12).collect();
    let mut variables = of_image.env.clone();
    for file in &args.env_files {
        for (name, value) in environment::read_file(file)? {
            environment::apply(&mut variables, &name, value.as_deref(), config);
        }
    }
    for (name, value) in &args.env {
        environment::apply(&mut variables, name, value.as_deref(), config);
    }
    let command = image_config::command(&of_image, args.entrypoint.as_deref(), &args.arguments)?;
    let stop_signal = match (args.stop_signal, of_image.stop_signal.as_str()) {
        (Some(signal), _) => signal,
        (None, "") => image_config::SIGTERM,
        (None, name) => image_config::signal(name).map_err(CommandError::new)?,
    };
    let mut labels = of_image.labels.clone();
    labels.extend(
        args.labels
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().unwrap_or_default())),
    );
    let working_directory = args.workdir.clone().unwrap_or(of_image.working_dir);
    let volumes = args
        .volumes
        .iter()
        .cloned()
        .map(Volume::resolve)
        .collect::<Result<_, _>>()?;
    let hosts = args
        .add_hosts
        .iter()
        .map(|text| host_line(text))
        .collect::<Result<_, _>>()?;
    Ok(Record {
        name: args.name.clone().unwrap_or_else(|| names::from_id(&id)),
        image: args.image.clone(),
        image_id: image.id.to_string(),
        manifest: image.manifest.digest.to_string(),
        created: timestamp::format(SystemTime::now()),
        command,
        environment: variables,
        working_directory: if working_directory.is_empty() {
            "/".to_owned()
        } else {
            working_directory
        },
        user: args.user.clone().unwrap_or(of_image.user),
        hostname: args.hostname.clone().unwrap_or(short),
        network: args.network,
        hosts,
        ports: args.publish.clone(),
        volumes,
        read_only: args.read_only,
        terminal: args.tty,
        interactive: args.interactive,
        auto_remove: args.rm,
        stop_signal,
        labels: labels.into_iter().collect(),
        id,
    })
}

fn host_line(text: &str) -> Result<String, CommandError> {
    let parts = text.split_once('=').or_else(|| text.split_once(':'));
    match parts {
        Some((name, address))
            if !name.is_empty() && address.parse::<std::net::IpAddr>().is_ok() =>
        {
            Ok(format!("{address}\t{name}"))
        }
        _ => Err(CommandError::usage(format!(
            "--add-host {text} is not NAME:ADDRESS"
        ))),
    }
}

/// What the container sees of the surroundings, for whoever owns it.
pub(crate) fn surroundings(
    record: &Record,
    store: &Store,
    config: &Config,
) -> Result<Surroundings, CommandError> {
    let digest = record.manifest.parse()?;
    let image = store.image(&digest)?;
    let image = image.ok_or_else(|| {
        CommandError::new(format!(
            "the image {} of container {} is gone",
            record.image, record.name
        ))
    })?;
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    Ok(Surroundings {
        layers: store
            .unpack_image(&image)?
            .iter()
            .rev()
            .map(Snapshot::dir)
            .collect(),
        resolv_conf: config.resolv_conf(),
        emulation: match &image.platform.architecture {
            own if *own == Platform::host().architecture => Emulation::default(),
            foreign => Emulation::of(foreign, &config.programs()),
        },
        window: size.map(|size| WindowSize {
            rows: size.ws_row,
            columns: size.ws_col,
        }),
    })
}
