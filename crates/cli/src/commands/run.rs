//! `carafe run`.

mod flags;
mod record;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::attach::{Streams, forward};
use crate::container::directory::{Container, Containers, Ownership};
use crate::container::mounts::Source;
use crate::container::owner::{self, Surroundings};
use crate::container::ports::PublishedPort;
use crate::container::record::{NetworkMode, Record};
use crate::container::restart::Restart;
use crate::container::volumes::Volumes;
use crate::container::{image_config, monitor, names};
use crate::exit::Exit;
use crate::key_values::maybe_pair;
use crate::signals::Forwarder;
use crate::terminal::clean;
use crate::terminal::raw_mode::RawMode;
use crate::{output, terminal};
use flags::{HealthFlags, LimitFlags, MountFlags, NameFlags, SecurityFlags};
use oci::Platform;
use rootfs::Root;
use sandbox::{Emulation, WindowSize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
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
    /// Have a process 1 that reaps what others leave, and passes signals on
    #[arg(long)]
    init: bool,
    /// Start it again when it ends: no, `on-failure[:N]`, always or unless-stopped
    #[arg(long, value_name = "WHEN", default_value = "no", hide_default_value = true,
          value_parser = Restart::parse)]
    restart: Restart,
    /// Set what `stop` sends
    #[arg(long, value_name = "SIGNAL", value_parser = image_config::signal)]
    stop_signal: Option<i32>,
    /// Set how long `stop` waits before SIGKILL; -1 is for ever
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    stop_timeout: Option<i64>,
    #[command(flatten)]
    mounts: MountFlags,
    #[command(flatten)]
    names: NameFlags,
    #[command(flatten)]
    security: SecurityFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    health: HealthFlags,
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
    config.check_containers()?;
    let store = config.store()?;
    let image = super::pull::image(
        &args.image,
        args.platform.as_ref(),
        args.pull,
        &store,
        config,
    )?;
    let record = record::of(args, &image, &store, config)?;
    let surroundings = surroundings(&record, &store, config)?;
    let (container, ownership) = Containers::new(&store).create(&record)?;
    if let Some(path) = &args.cidfile {
        std::fs::write(path, &record.id)
            .map_err(|error| CommandError::file("write", path, error))?;
    }
    if args.detach {
        return detach(&store, &container, ownership);
    }
    let owned = (container, ownership);
    foreground(&store, owned, surroundings, Streams::Attached, &signals)
}

/// Starts a container that has ended once more, and owns it: `start -a`.
pub(super) fn attached(
    name: &str,
    streams: Streams,
    config: &Config,
) -> Result<Exit, CommandError> {
    // Before any thread is started.
    let signals = Forwarder::start();
    config.check_containers()?;
    let store = config.store()?;
    let container = Containers::new(&store).find(name)?;
    let Some(ownership) = container.own()? else {
        return Err(CommandError::new(format!("container {name} is running"))
            .hint(format!("carafe logs -f {name} shows what it writes")));
    };
    let surroundings = surroundings(&container.record, &store, config)?;
    let owned = (container, ownership);
    foreground(&store, owned, surroundings, streams, &signals)
        .map_err(CommandError::in_container_setup)
}

/// Owns a container until it ends.
fn foreground(
    store: &Store,
    (container, ownership): (Container, Ownership),
    surroundings: Surroundings,
    streams: Streams,
    signals: &Forwarder,
) -> Result<Exit, CommandError> {
    signals.hold();
    let started = owner::start(container.clone(), ownership, surroundings, streams);
    let running = started.inspect_err(|_| discard(store, &container))?;
    warn(&running.warnings);
    // From here on the terminal is the container's.
    let _raw = match container.record.terminal
        && container.record.interactive
        && streams == Streams::Attached
    {
        true => {
            Some(RawMode::enter(io::stdin()).map_err(|e| CommandError::io("use the terminal", e))?)
        }
        false => None,
    };
    forward(&running.child, Some(&container), signals)?;
    running.wait(store, &mut |running| {
        forward(&running.child, Some(running.container()), signals)
    })
}

pub(super) fn warn(warnings: &[String]) {
    for warning in warnings {
        output::note(&format!("warning: {}\n", clean::lines(warning)));
    }
}

fn detach(
    store: &Store,
    container: &Container,
    ownership: Ownership,
) -> Result<Exit, CommandError> {
    let launched = monitor::launch(store.path(), container, ownership);
    let warnings = launched.inspect_err(|_| discard(store, container))?;
    warn(&warnings);
    output::result(&format!("{}\n", container.record.id))?;
    Ok(Exit::Success)
}

/// A container of `--rm` that could not be started is of no use.
fn discard(store: &Store, container: &Container) {
    if container.record.auto_remove {
        let _ = Containers::new(store).remove_with_volumes(container);
    }
}

/// What the container sees of the surroundings, for whoever owns it.
pub(crate) fn surroundings(
    record: &Record,
    store: &Store,
    config: &Config,
) -> Result<Surroundings, CommandError> {
    let image = image_of(record, store)?;
    let mut volumes = BTreeMap::new();
    for mount in &record.mounts {
        if let Source::Volume {
            name, anonymous, ..
        } = &mount.source
        {
            let volume = Volumes::new(store).create(name, *anonymous, BTreeMap::new())?;
            volumes.insert(name.clone(), volume);
        }
    }
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    Ok(Surroundings {
        layers: layers(&image, store)?,
        volumes,
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

fn image_of(record: &Record, store: &Store) -> Result<Image, CommandError> {
    let digest = record.manifest.parse()?;
    store.image(&digest)?.ok_or_else(|| {
        CommandError::new(format!(
            "the image {} of container {} is gone",
            record.image, record.name
        ))
    })
}

/// Its layers, the top one first.
fn layers(image: &Image, store: &Store) -> Result<Vec<PathBuf>, CommandError> {
    let layers = store.unpack_image(image)?;
    Ok(layers.iter().rev().map(Snapshot::dir).collect())
}

/// The files of a container that does not run, to read and to change. Nobody can start it as long as they are held.
pub(super) fn root_of(
    container: &Container,
    store: &Store,
) -> Result<(Root, Ownership), CommandError> {
    let name = &container.record.name;
    let Some(ownership) = container.hold()? else {
        return Err(
            CommandError::new(format!("container {name} is being started")).hint("try again"),
        );
    };
    let image = image_of(&container.record, store)?;
    let root = crate::container::root::mount(container, &layers(&image, store)?)?;
    Ok((Root::from_fd(root), ownership))
}
