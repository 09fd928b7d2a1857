//! `carafe prune`, `carafe system prune`.

use super::builder::prune_cache;
use super::image::prune::{Which, prune_images};
use super::images::filter::{LabelFilter, condition, moment};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::state::Phase;
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
    /// Docker's anonymous volumes; carafe has none
    #[arg(long, hide = true)]
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
    let warning = if args.all { WARNING_ALL } else { WARNING };
    if !args.force && !asked(warning)? {
        return Ok(Exit::Success);
    }
    let store = config.store()?;
    let (mut text, _) = prune_containers(&store, &args.filter)?;
    let which = if args.all {
        Which::Unused
    } else {
        Which::Dangling
    };
    let (images, mut freed) = prune_images(&store, which, &args.filter)?;
    text += &images;
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
