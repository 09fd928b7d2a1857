//! `carafe pull`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::{LogDirectory, Mode, Notices, Progress};
use crate::{output, signals};
use builder::{Environment, Event, StepId, StepTitle};
use oci::{Platform, Reference};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::{Image, Store};

/// Get an image from a registry
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Choose the image for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// The image's name
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    image: String,
}

/// When `run` asks the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    /// If the store does not have the image.
    Missing,
    /// Each time.
    Always,
    /// Never.
    Never,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let cancel = signals::watch();
    let store = config.store()?;
    let mode = match config.has_live_terminal() {
        _ if args.quiet => Mode::Quiet,
        true => Mode::Tty,
        false => Mode::Plain,
    };
    let platform = asked_for(args.platform.as_ref(), config)?.unwrap_or_else(Platform::host);
    let pulled = pull(
        &args.image,
        &platform,
        &Surroundings {
            store: &store,
            config,
            mode,
            cancel,
        },
    );
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    let (reference, _) = pulled?;
    output::result(&format!("{reference}\n"))?;
    Ok(Exit::Success)
}

/// The image to run: from the store, or pulled.
pub(crate) fn image(
    name: &str,
    platform: Option<&Platform>,
    when: When,
    store: &Store,
    config: &Config,
) -> Result<Image, CommandError> {
    let platform = asked_for(platform, config)?;
    let known = match &platform {
        None => store.resolve(name),
        Some(platform) => store.resolve_for(name, platform),
    };
    let is_name = name.parse::<Reference>().is_ok();
    match known {
        Ok(image) if when != When::Always || !is_name => return Ok(image),
        Err(error) if when == When::Never || !is_name => return Err(error.into()),
        Ok(_) | Err(store::Error::NoSuchImage { .. } | store::Error::NoSuchPlatform { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mode = if config.has_live_terminal() {
        Mode::Tty
    } else {
        Mode::Plain
    };
    let cancel = Arc::default();
    let platform = platform.unwrap_or_else(Platform::host);
    let (_, image) = pull(
        name,
        &platform,
        &Surroundings {
            store,
            config,
            mode,
            cancel,
        },
    )?;
    Ok(image)
}

/// The platform that was asked for, with the flag or with `DOCKER_DEFAULT_PLATFORM`.
fn asked_for(given: Option<&Platform>, config: &Config) -> Result<Option<Platform>, CommandError> {
    match (given, config.default_platform()) {
        (Some(given), _) => Ok(Some(given.clone())),
        (None, Some(default)) => Ok(Some(default.parse()?)),
        (None, None) => Ok(None),
    }
}

/// What a pull works with.
struct Surroundings<'a> {
    store: &'a Store,
    config: &'a Config,
    mode: Mode,
    cancel: Arc<AtomicBool>,
}

/// Pulls an image under the first of its possible names that a registry knows.
fn pull(
    name: &str,
    platform: &Platform,
    with: &Surroundings<'_>,
) -> Result<(Reference, Image), CommandError> {
    let notices = Notices::default();
    let cancel = Arc::clone(&with.cancel);
    let registry = with.config.registry(cancel, notices.observer())?;
    let mut last = None;
    for reference in registry.config().registries.expand(name)? {
        match pull_one(&reference, platform, &registry, with, &notices) {
            Err(
                error @ builder::Error::Base {
                    not_found: true, ..
                },
            ) => last = Some(error),
            Err(error) => return Err(error.into()),
            Ok(image) => return Ok((reference, image)),
        }
    }
    let nowhere = || CommandError::new(format!("no registry is configured for {name}"));
    Err(last.map_or_else(nowhere, Into::into))
}

/// Shown as a build with one step.
fn pull_one(
    reference: &Reference,
    platform: &Platform,
    registry: &registry::Client,
    with: &Surroundings<'_>,
    notices: &Notices,
) -> Result<Image, builder::Error> {
    let logs = LogDirectory::new(&with.store.layout().logs());
    let progress = Progress::start(with.mode, with.config.style(), logs, notices);
    progress.event(Event::Planned(vec![StepTitle {
        id: StepId(0),
        stage: String::new(),
        position: None,
        text: format!("pull {}", reference.familiar()),
        line: None,
        inputs: Vec::new(),
    }]));
    let environment = Environment {
        store: with.store,
        registry,
        events: &|event| progress.event(event),
        cancel: &with.cancel,
        git: builder::remote::GitSettings::default(),
        inspector: None,
        claims: &builder::Claims::default(),
        resolv_conf: Vec::new(),
        programs: Vec::new(),
    };
    let pulled = builder::pull_image(reference, platform, &environment);
    if pulled.is_err() {
        progress.event(Event::Failed(StepId(0)));
    }
    progress.end();
    pulled
}
