//! `carafe system df`.

use crate::command_error::CommandError;
use crate::commands::builder;
use crate::commands::images::short;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::container::volumes::Volumes;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::{sizes, times};
use oci::{Reference, timestamp};
use serde_json::{Value, json};
use store::{CacheEntry, CacheKind, Image, ImageUsage, Store, Usage};

/// Show what the store takes on the disk
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show each image and each entry of the cache
    #[arg(short, long)]
    verbose: bool,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

const FIELDS: &[Column] = &[
    ("Type", "TYPE"),
    ("TotalCount", "TOTAL"),
    ("Active", "ACTIVE"),
    ("Size", "SIZE"),
    ("Reclaimable", "RECLAIMABLE"),
];

const IMAGE_FIELDS: &[Column] = &[
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("ID", "IMAGE ID"),
    ("CreatedSince", "CREATED"),
    ("Size", "SIZE"),
    ("SharedSize", "SHARED SIZE"),
    ("UniqueSize", "UNIQUE SIZE"),
    ("Containers", "CONTAINERS"),
];

const CACHE_FIELDS: &[Column] = &[
    ("ID", "CACHE ID"),
    ("Type", "CACHE TYPE"),
    ("Size", "SIZE"),
    ("LastUsedSince", "LAST USED"),
    ("Shared", "SHARED"),
    ("Description", "DESCRIPTION"),
];

pub(super) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let containers = Containers::new(&store).list()?;
    let usage = store.usage(&|image| users(image, &containers) > 0)?;
    let text = match (args.verbose, args.format.as_deref()) {
        (false, format) => {
            let volumes = volumes(&store, &usage)?;
            summary(&usage, &containers, volumes).render(format)?
        }
        (true, None) => verbose(&usage, &containers)?,
        (true, Some("json")) => {
            let images = image_rows(&usage, &containers);
            let cache: Vec<Value> = usage.cache.iter().map(builder::row).collect();
            format!("{}\n", json!({"Images": images, "BuildCache": cache}))
        }
        (true, Some(_)) => {
            return Err(CommandError::usage("--verbose has no templates")
                .hint("its formats are the table and json"));
        }
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// The line of the volumes.
fn volumes(store: &Store, usage: &Usage) -> Result<Value, CommandError> {
    let volumes = Volumes::new(store);
    let (mut active, mut free) = (0, 0);
    for volume in volumes.list()? {
        match volumes.users(&volume.record.name)?.is_empty() {
            true => free += store::bytes_in(&volume.data())?,
            false => active += 1,
        }
    }
    let kept = usage.volumes;
    Ok(row("Local Volumes", (kept.count, active), kept.size, free))
}

/// A line for each kind of thing.
fn summary(usage: &Usage, containers: &[Container], volumes: Value) -> Listing<'static> {
    let uses = |image: &&ImageUsage| users(&image.listed.image, containers) > 0;
    let images_active = usage.images.iter().filter(uses).count();
    let running = containers
        .iter()
        .filter(|container| container.is_owned())
        .count();
    let of_kind = |kinds: &[CacheKind], name: &str| {
        let entries = usage
            .cache
            .iter()
            .filter(|entry| kinds.contains(&entry.kind));
        let entries: Vec<&CacheEntry> = entries.collect();
        let sum = |free: bool| {
            let chosen = entries.iter().filter(|entry| !free || !entry.shared);
            chosen.map(|entry| entry.size).sum::<u64>()
        };
        let active = entries.iter().filter(|entry| entry.shared).count();
        row(name, (entries.len(), active), sum(false), sum(true))
    };
    let layers = [
        CacheKind::Regular,
        CacheKind::Unpacked,
        CacheKind::Compressed,
    ];
    let (kept, notes, made) = (usage.containers, usage.notes, usage.unfinished);
    Listing {
        fields: FIELDS,
        shown: &["Type", "TotalCount", "Active", "Size", "Reclaimable"],
        rows: vec![
            row(
                "Images",
                (usage.images.len(), images_active),
                usage.images_size,
                usage.images_reclaimable,
            ),
            row("Containers", (kept.count, running), kept.size, 0),
            volumes,
            of_kind(&layers, "Build Cache"),
            of_kind(&[CacheKind::CacheMount], "Cache Mounts"),
            of_kind(&[CacheKind::Git], "Git Repositories"),
            row("Logs and Notes", (notes.count, 0), notes.size, 0),
            row("Unfinished", (made.count, made.count), made.size, 0),
            sum_row("Everything Else", usage.rest),
            sum_row("Total", usage.total()),
        ],
    }
}

fn row(kind: &str, (total, active): (usize, usize), size: u64, free: u64) -> Value {
    let share = match size {
        0 => String::new(),
        _ => format!(" ({}%)", free.min(size) * 100 / size),
    };
    json!({
        "Type": kind,
        "TotalCount": total.to_string(),
        "Active": active.to_string(),
        "Size": sizes::compact(size),
        "Reclaimable": sizes::compact(free) + &share,
    })
}

/// A line for what is no number of things.
fn sum_row(kind: &str, size: u64) -> Value {
    json!({
        "Type": kind,
        "TotalCount": "",
        "Active": "",
        "Size": sizes::compact(size),
        "Reclaimable": "",
    })
}

fn verbose(usage: &Usage, containers: &[Container]) -> Result<String, CommandError> {
    let images = Listing {
        fields: IMAGE_FIELDS,
        shown: &[
            "Repository",
            "Tag",
            "ID",
            "CreatedSince",
            "Size",
            "SharedSize",
            "UniqueSize",
            "Containers",
        ],
        rows: image_rows(usage, containers),
    };
    let cache = Listing {
        fields: CACHE_FIELDS,
        shown: &[
            "ID",
            "Type",
            "Size",
            "LastUsedSince",
            "Shared",
            "Description",
        ],
        rows: usage.cache.iter().map(builder::row).collect(),
    };
    let sum: u64 = usage.cache.iter().map(|entry| entry.size).sum();
    Ok(format!(
        "Images space usage:\n\n{}\nBuild cache usage: {}\n\n{}",
        images.render(None)?,
        sizes::compact(sum),
        cache.render(None)?,
    ))
}

fn image_rows(usage: &Usage, containers: &[Container]) -> Vec<Value> {
    let mut rows = Vec::new();
    for image in &usage.images {
        let mut names: Vec<Option<&Reference>> = image.listed.references.iter().map(Some).collect();
        if names.is_empty() {
            names.push(None);
        }
        let created = image
            .listed
            .image
            .created
            .as_deref()
            .and_then(timestamp::parse);
        rows.extend(names.into_iter().map(|name| {
            let none = || "<none>".to_owned();
            json!({
                "Repository": name.map_or_else(none, Reference::familiar_name),
                "Tag": name.and_then(Reference::tag).unwrap_or("<none>"),
                "ID": short(image.listed.image.id.hex()),
                "CreatedSince": times::ago(created),
                "Size": sizes::compact(image.size),
                "SharedSize": sizes::compact(image.size - image.unique),
                "UniqueSize": sizes::compact(image.unique),
                "Containers": users(&image.listed.image, containers).to_string(),
            })
        }));
    }
    rows
}

fn users(image: &Image, containers: &[Container]) -> usize {
    let id = image.id.to_string();
    containers
        .iter()
        .filter(|container| container.record.image_id == id)
        .count()
}
