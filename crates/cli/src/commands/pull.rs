//! `carafe pull`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::{LogDirectory, Mode, Progress};
use crate::report::sizes;
use crate::{output, signals};
use builder::{Event, StepId, StepTitle};
use oci::{Descriptor, Platform, Reference};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use store::{Image, ImageLayer, Store};

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
    let platform = args.platform.clone().unwrap_or_else(Platform::host);
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
    let known = match platform {
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
    let platform = platform.cloned().unwrap_or_else(Platform::host);
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
    let client = with.config.registry(Arc::clone(&with.cancel))?;
    let candidates = client.config().registries.expand(name)?;
    let mut last = None;
    for reference in candidates {
        match client.resolve(&reference) {
            Ok((repository, resolved)) => {
                let found = repository.image(&resolved, platform)?;
                let image = transfer(&repository, &found, with)?;
                with.store.tag(&reference, &image.manifest)?;
                return Ok((reference, image));
            }
            Err(error) if error.is_not_found() => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or_else(
        || CommandError::new(format!("no registry is configured for {name}")),
        Into::into,
    ))
}

/// Layers go straight into unpacking; what names them comes last.
fn transfer(
    repository: &registry::Repository,
    found: &registry::Image,
    with: &Surroundings<'_>,
) -> Result<Image, CommandError> {
    let store = with.store;
    let config = oci::read_blob(repository, &found.manifest.config)?;
    let diff_ids = oci::ImageConfig::parse(&config)?.rootfs.diff_ids;
    if diff_ids.len() != found.manifest.layers.len() {
        return Err(CommandError::new(format!(
            "{} is broken: its manifest has {} layers and its configuration {}",
            repository.reference().familiar(),
            found.manifest.layers.len(),
            diff_ids.len()
        )));
    }
    let pairs = diff_ids.into_iter().zip(found.manifest.layers.clone());
    let layers: Vec<ImageLayer> = pairs
        .map(|(diff_id, blob)| ImageLayer { diff_id, blob })
        .collect();
    let logs = LogDirectory::new(&store.layout().logs());
    let progress = Progress::start(with.mode, with.config.style(), logs);
    let transfers = Transfers::new(&layers, &progress);
    let proceed = |blob: &Descriptor, done: u64| {
        transfers.moved(blob, done);
        !with.cancel.load(Ordering::Relaxed)
    };
    let unpacked = store.unpack_layers(&layers, repository, &proceed);
    transfers.finish(unpacked.is_ok());
    progress.end();
    unpacked?;
    store.put_bytes(found.manifest.config.media_type.clone(), &config)?;
    let manifest = store.put_bytes(found.descriptor.media_type.clone(), &found.bytes)?;
    Ok(store.add_image(&manifest)?)
}

/// Layers on their way, shown as the steps of a build are.
struct Transfers<'a> {
    progress: &'a Progress,
    started: Mutex<BTreeMap<StepId, bool>>,
    steps: BTreeMap<oci::Digest, StepId>,
}

impl<'a> Transfers<'a> {
    fn new(layers: &[ImageLayer], progress: &'a Progress) -> Self {
        let mut steps = BTreeMap::new();
        let mut titles = Vec::new();
        for (id, layer) in (0..).map(StepId).zip(layers) {
            let short: String = layer.blob.digest.hex().chars().take(12).collect();
            steps.entry(layer.blob.digest.clone()).or_insert_with(|| {
                titles.push(StepTitle {
                    id,
                    stage: String::new(),
                    position: None,
                    text: format!("layer {short} ({})", sizes::spaced(layer.blob.size)),
                    line: None,
                });
                id
            });
        }
        progress.event(Event::Planned(titles));
        Self {
            progress,
            started: Mutex::default(),
            steps,
        }
    }

    fn moved(&self, blob: &Descriptor, done: u64) {
        let Some(&step) = self.steps.get(&blob.digest) else {
            return;
        };
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = started.entry(step).or_insert_with(|| {
            self.progress.event(Event::Started(step));
            false
        });
        let (what, total) = (String::new(), Some(blob.size));
        self.progress.event(Event::Progress {
            step,
            what,
            done,
            total,
        });
        *finished |= done >= blob.size;
    }

    /// Layers that never moved were here already.
    fn finish(&self, whole: bool) {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        for step in self.steps.values() {
            let event = match started.get(step) {
                None if whole => Event::Cached(*step),
                None => continue,
                Some(_) if whole => Event::Finished(*step),
                Some(_) => Event::Failed(*step),
            };
            self.progress.event(event);
        }
    }
}
