//! `carafe prune`, `carafe system prune`.

use super::builder::prune_cache;
use super::image::prune::{Which, prune_images};
use super::images::filter::{LabelFilter, condition, moment};
use super::volume::prune_volumes;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::state::Phase;
use crate::container::volumes::Volumes;
use crate::exit::Exit;
use crate::output;
use crate::report::sizes;
use crate::terminal::is_terminal;
use oci::timestamp;
use std::io::{self, BufRead};
use store::{CacheScope, Prune, Store};

/// Remove what nobody needs: ended containers, images without a name, and build cache
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove all images that no container uses, and all of the build cache
    #[arg(short, long)]
    all: bool,
    /// Remove those for which this holds: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE]
    #[arg(long, value_name = "KEY=VALUE", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove volumes that no container has, too, but for those with a name of their own
    #[arg(long)]
    volumes: bool,
}

const WARNING: &str = "This will remove:
  - all containers that have ended
  - all images without a name
  - all build cache that no image shares
";

const WARNING_ALL: &str = "This will remove:
  - all containers that have ended
  - all images that no container uses
  - all build cache
";

const WARNING_VOLUMES: &str = "  - all volumes without a name of their own that no container has
";

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let mut until = None;
    for (key, value) in &args.filter {
        match key.as_str() {
            "until" => until = Some(moment(value)?),
            "label" | "label!" => {}
            _ => {
                return Err(CommandError::usage(format!("invalid filter '{key}'"))
                    .hint("there are label, until"));
            }
        }
    }
    if args.volumes && until.is_some() {
        return Err(
            CommandError::usage("the filter until and --volumes exclude each other")
                .hint("nobody knows when a volume was last used"),
        );
    }
    let warning = if args.all { WARNING_ALL } else { WARNING };
    let volumes = if args.volumes { WARNING_VOLUMES } else { "" };
    if !args.force && !asked(&[warning, volumes].concat())? {
        return Ok(Exit::Success);
    }
    let store = config.store()?;
    let (mut text, _) = prune_containers(&store, &args.filter)?;
    let mut freed = 0;
    if args.volumes {
        let (lines, bytes) = prune_volumes(&Volumes::new(&store), false, &labels_of(&args.filter))?;
        text += &lines;
        freed += bytes;
    }
    let which = if args.all {
        Which::Unused
    } else {
        Which::Dangling
    };
    let (images, more) = prune_images(&store, which, &args.filter)?;
    text += &images;
    freed += more;
    // Caches have no labels.
    let labels = args.filter.iter().any(|(key, _)| key.starts_with("label"));
    if !labels {
        let scope = if args.all {
            CacheScope::All
        } else {
            CacheScope::Unshared
        };
        let what = Prune {
            scope,
            unused_since: until,
            ..Prune::default()
        };
        let (entries, more) = prune_cache(&store, &what)?;
        text += &entries;
        freed += more;
    }
    output::result(&(text + &total(freed)))?;
    Ok(Exit::Success)
}

/// The conditions that volumes can be held against.
fn labels_of(conditions: &[(String, String)]) -> Vec<(String, String)> {
    let labels = conditions
        .iter()
        .filter(|(key, _)| key.starts_with("label"));
    labels.cloned().collect()
}

/// Removes containers that have ended; the lines that say so, and how many there were.
fn prune_containers(
    store: &Store,
    conditions: &[(String, String)],
) -> Result<(String, usize), CommandError> {
    let mut labels = LabelFilter::default();
    let mut until = None;
    for (key, value) in conditions {
        match key.as_str() {
            "until" => until = Some(moment(value)?),
            _ => labels.add(key, value),
        }
    }
    let containers = Containers::new(store);
    let mut text = String::new();
    let mut count = 0;
    for container in containers.list()? {
        let record = &container.record;
        let made = timestamp::parse(&record.created);
        let old = until.is_none_or(|until| made.is_none_or(|made| made <= until));
        let meant = labels.hold(|name| {
            let found = record.labels.iter().find(|(label, _)| *label == name);
            found.map(|(_, value)| value.as_str())
        });
        if container.is_owned() || container.state()?.phase == Phase::Running || !old || !meant {
            continue;
        }
        containers.remove(&container)?;
        text += &format!("{}\n", record.id);
        count += 1;
    }
    if count > 0 {
        text = format!("Deleted Containers:\n{text}\n");
    }
    Ok((text, count))
}

/// Whether the user wants it. Where nobody sits at a terminal nobody is asked.
pub(super) fn asked(warning: &str) -> Result<bool, CommandError> {
    if !is_terminal(io::stdin()) || !is_terminal(io::stderr()) {
        return Ok(true);
    }
    output::note(&format!(
        "WARNING! {warning}\nAre you sure you want to continue? [y/N] "
    ));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| CommandError::io("read the answer", error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The line that says what was freed.
pub(super) fn total(bytes: u64) -> String {
    format!("Total reclaimed space: {}\n", sizes::compact(bytes))
}
