//! `carafe images`.

pub(crate) mod filter;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::{sizes, times};
use filter::ImageFilter;
use oci::{Platform, Reference, timestamp};
use serde_json::{Value, json};
use store::{Listed, Store};

/// List images
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show all images; there are no intermediate ones that would be hidden
    #[arg(short, long)]
    all: bool,
    /// Show IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Show whole IDs
    #[arg(long)]
    no_trunc: bool,
    /// Show the digests of manifests
    #[arg(long)]
    digests: bool,
    /// Show those for which this holds: dangling=BOOL, before=IMAGE, since=IMAGE, reference=PATTERN, label=NAME[=VALUE],
    /// label!=NAME[=VALUE], until=TIME
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::condition)]
    filter: Vec<(String, String)>,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show only this repository, or this name with its tag; `*` stands for anything but `/`
    #[arg(value_name = "REPOSITORY[:TAG]")]
    repository: Option<String>,
}

const FILTERS: &[&str] = &["before", "dangling", "label", "reference", "since", "until"];

const FIELDS: &[Column] = &[
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("Digest", "DIGEST"),
    ("ID", "IMAGE ID"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("Size", "SIZE"),
    ("Platform", "PLATFORM"),
    ("Containers", "CONTAINERS"),
    ("VirtualSize", "SIZE"),
    ("SharedSize", "SHARED SIZE"),
    ("UniqueSize", "UNIQUE SIZE"),
];

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let mut filter = ImageFilter::new(&args.filter, FILTERS, &store)?;
    args.repository.iter().for_each(|name| filter.only(name));
    let containers = Containers::new(&store).list()?;
    let mut rows: Vec<Value> = Vec::new();
    for image in store.images()? {
        let Some(image) = filter.select(&store, image)? else {
            continue;
        };
        let id = image.image.id.to_string();
        let users = containers
            .iter()
            .filter(|container| container.record.image_id == id);
        rows.extend(image_rows(&store, &image, args, users.count())?);
    }
    if args.quiet {
        // Each once, so that `rmi $(images -q)` works with several names too.
        let mut ids: Vec<&str> = Vec::new();
        for id in rows.iter().filter_map(|row| row["ID"].as_str()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        output::result(&ids.iter().map(|id| format!("{id}\n")).collect::<String>())?;
        return Ok(Exit::Success);
    }
    let mut shown = vec!["Repository", "Tag", "ID", "CreatedSince", "Size"];
    if args.digests {
        shown.insert(2, "Digest");
    }
    // Only where it tells anything: a name of several platforms has a row for each.
    let host = Platform::host().to_string();
    if rows.iter().any(|row| row["Platform"] != host) {
        shown.push("Platform");
    }
    let listing = Listing {
        fields: FIELDS,
        shown: &shown,
        rows,
    };
    output::result(&listing.render(args.format.as_deref())?)?;
    Ok(Exit::Success)
}

/// A row for each name; one for an image that has none.
fn image_rows(
    store: &Store,
    listed: &Listed,
    args: &Args,
    containers: usize,
) -> Result<Vec<Value>, CommandError> {
    let mut names: Vec<_> = listed.references.iter().map(Some).collect();
    if names.is_empty() {
        names.push(None);
    }
    let rows = names.into_iter().map(|name| {
        let digest = match name {
            Some(name) => store.published(name)?,
            None => None,
        };
        let mut row = row(listed, name, args, containers);
        row["Digest"] = digest.map_or_else(|| "<none>".into(), |digest| digest.to_string().into());
        Ok(row)
    });
    rows.collect()
}

fn row(listed: &Listed, reference: Option<&Reference>, args: &Args, containers: usize) -> Value {
    let image = &listed.image;
    let created = image.created.as_deref().and_then(timestamp::parse);
    let id = if args.no_trunc {
        image.id.to_string()
    } else {
        short(image.id.hex())
    };
    let none = || "<none>".to_owned();
    json!({
        "Repository": reference.map_or_else(none, Reference::familiar_name),
        "Tag": reference.and_then(Reference::tag).unwrap_or("<none>"),
        "ID": id,
        "CreatedSince": times::ago(created),
        "CreatedAt": times::full(created),
        "Size": sizes::compact(listed.size),
        "Platform": image.platform.to_string(),
        "Containers": containers.to_string(),
        "VirtualSize": sizes::compact(listed.size),
        "SharedSize": "N/A",
        "UniqueSize": "N/A",
    })
}

/// Twelve digits, as Docker shows them.
pub(crate) fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}
