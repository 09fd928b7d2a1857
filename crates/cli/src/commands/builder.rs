//! `carafe builder`: what builds leave to be used again.

use super::images::filter::{condition, moment};
use super::prune::asked;
use super::{bake, build};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::{sizes, times};
use crate::terminal::clean;
use clap::Subcommand;
use dockerfile::size::bytes;
use serde_json::{Value, json};
use store::{CacheEntry, CacheKind, CacheScope, Prune, Store};

/// Look at the build cache, or make it smaller
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(Box<build::Args>),
    Bake(Box<bake::Args>),
    /// Show what the build cache takes
    Du(DuArgs),
    Prune(PruneArgs),
}

/// `builder du`, `buildx du`.
#[derive(Debug, clap::Args)]
pub(crate) struct DuArgs {
    /// Show all there is to know of each entry
    #[arg(long)]
    verbose: bool,
    /// Show those for which this holds: type=KIND, id=DIGITS, until=TIME
    #[arg(long, value_name = "KEY=VALUE", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

/// Remove what builds left to be used again
#[derive(Debug, clap::Args)]
pub(crate) struct PruneArgs {
    /// What images share too: their steps are executed again
    #[arg(short, long)]
    all: bool,
    /// Remove those for which this holds: until=TIME (not used since then), unused-for=DURATION, type=KIND, id=DIGITS
    #[arg(long, value_name = "KEY=VALUE", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Leave so much of the cache, what was used last: 10GB
    #[arg(long, value_name = "SIZE", value_parser = size, aliases = ["keep-storage", "reserved-space"])]
    max_used_space: Option<u64>,
    /// Show all there is to know of each entry
    #[arg(long)]
    verbose: bool,
}

const FIELDS: &[Column] = &[
    ("ID", "ID"),
    ("Type", "TYPE"),
    ("Description", "DESCRIPTION"),
    ("Reclaimable", "RECLAIMABLE"),
    ("Shared", "SHARED"),
    ("Size", "SIZE"),
    ("LastUsedSince", "LAST ACCESSED"),
    ("LastUsedAt", "LAST ACCESSED AT"),
];

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    match &args.verb {
        Verb::Build(args) => build::run(args, config),
        Verb::Bake(args) => bake::run(args, config),
        Verb::Du(args) => du(args, config),
        Verb::Prune(args) => prune(args, config),
    }
}

pub(crate) fn du(args: &DuArgs, config: &Config) -> Result<Exit, CommandError> {
    let mut what = Prune::default();
    narrow(&mut what, &args.filter)?;
    let mut entries = config.store()?.cache_entries()?;
    entries.retain(|entry| {
        (what.kinds.is_empty() || what.kinds.contains(&entry.kind))
            && (what.ids.is_empty() || what.ids.iter().any(|id| entry.id.starts_with(id)))
            && what
                .unused_since
                .is_none_or(|moment| entry.last_used <= moment)
    });
    // What was used last is what people look for.
    entries.reverse();
    let sum = |chosen: &dyn Fn(&CacheEntry) -> bool| {
        let chosen = entries.iter().filter(|entry| chosen(entry));
        sizes::compact(chosen.map(|entry| entry.size).sum())
    };
    let mut text = listing(&entries, args.verbose).render(args.format.as_deref())?;
    if args.format.is_none() {
        let (shared, free) = (sum(&|entry| entry.shared), sum(&|entry| !entry.shared));
        text += &format!(
            "Shared:      {shared}\nReclaimable: {free}\nTotal:       {}\n",
            sum(&|_| true)
        );
    }
    output::result(&text)?;
    Ok(Exit::Success)
}

pub(crate) fn prune(args: &PruneArgs, config: &Config) -> Result<Exit, CommandError> {
    let mut what = Prune {
        scope: match args.all {
            true => CacheScope::All,
            false => CacheScope::Unshared,
        },
        keep: args.max_used_space,
        ..Prune::default()
    };
    narrow(&mut what, &args.filter)?;
    let which = if args.all { "all" } else { "all dangling" };
    if !args.force && !asked(&format!("This will remove {which} build cache."))? {
        return Ok(Exit::Success);
    }
    let pruned = config.store()?.prune(&what)?;
    let mut text = String::new();
    if !pruned.entries.is_empty() {
        text += &listing(&pruned.entries, args.verbose).render(None)?;
    }
    text += &format!("Total:\t{}\n", sizes::compact(pruned.freed));
    output::result(&text)?;
    Ok(Exit::Success)
}

/// Removes of the cache what nobody needs; the lines that say so.
pub(super) fn prune_cache(store: &Store, what: &Prune) -> Result<(String, u64), CommandError> {
    let pruned = store.prune(what)?;
    let mut text = String::new();
    if !pruned.entries.is_empty() {
        let ids = pruned.entries.iter().map(|entry| format!("{}\n", entry.id));
        text = format!(
            "Deleted build cache objects:\n{}\n",
            ids.collect::<String>()
        );
    }
    Ok((text, pruned.freed))
}

/// Reads conditions.
fn narrow(what: &mut Prune, conditions: &[(String, String)]) -> Result<(), CommandError> {
    for (key, value) in conditions {
        match key.as_str() {
            "until" | "unused-for" => what.unused_since = Some(moment(value)?),
            "id" => what.ids.push(value.clone()),
            "type" => {
                let kind = CacheKind::ALL.into_iter().find(|kind| kind.word() == value);
                let words = CacheKind::ALL.map(CacheKind::word).join(", ");
                what.kinds.push(kind.ok_or_else(|| {
                    CommandError::usage(format!("there is no type of cache `{value}`"))
                        .hint(format!("there are {words}"))
                })?);
            }
            _ => {
                return Err(CommandError::usage(format!("invalid filter '{key}'"))
                    .hint("there are id, type, until, unused-for"));
            }
        }
    }
    Ok(())
}

fn listing(entries: &[CacheEntry], verbose: bool) -> Listing<'static> {
    let shown: &[&str] = match verbose {
        false => &["ID", "Reclaimable", "Size", "LastUsedSince"],
        true => &[
            "ID",
            "Type",
            "Description",
            "Reclaimable",
            "Shared",
            "Size",
            "LastUsedSince",
        ],
    };
    Listing {
        fields: FIELDS,
        shown,
        rows: entries.iter().map(row).collect(),
    }
}

/// An entry as listings have it.
pub(super) fn row(entry: &CacheEntry) -> Value {
    let label = entry.label.as_deref().unwrap_or_default();
    json!({
        "ID": entry.id,
        "Type": entry.kind.word(),
        "Description": clean::line(label.as_bytes()),
        "Reclaimable": (!entry.shared).to_string(),
        "Shared": entry.shared.to_string(),
        "Size": sizes::compact(entry.size),
        "LastUsedSince": times::ago(Some(entry.last_used)),
        "LastUsedAt": times::full(Some(entry.last_used)),
    })
}

fn size(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| format!("`{text}` is no size: it is like 10GB"))
}
