//! `carafe images`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::{sizes, times};
use oci::{Platform, Reference, timestamp};
use serde_json::{Value, json};
use store::Listed;

/// List images
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show images without a name too
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
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show only this repository, or this name with its tag
    #[arg(value_name = "REPOSITORY[:TAG]")]
    repository: Option<String>,
}

const FIELDS: &[Column] = &[
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("Digest", "DIGEST"),
    ("ID", "IMAGE ID"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("Size", "SIZE"),
    ("Platform", "PLATFORM"),
];

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let images = config.store()?.images()?;
    let mut rows: Vec<Value> = images
        .iter()
        .flat_map(|image| image_rows(image, args))
        .collect();
    if args.quiet {
        let mut ids: Vec<String> = Vec::new();
        for row in &rows {
            let id = row["ID"].as_str().unwrap_or_default().to_owned();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        output::result(&ids.iter().map(|id| format!("{id}\n")).collect::<String>())?;
        return Ok(Exit::Success);
    }
    rows.sort_by_key(|row| row["Repository"] == "<none>");
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

/// A row for each name that is asked for.
fn image_rows(listed: &Listed, args: &Args) -> Vec<Value> {
    let wanted = |reference: &&Reference| {
        let Some(filter) = &args.repository else {
            return true;
        };
        reference.familiar() == *filter
            || reference.familiar_name() == *filter
            || reference.to_string() == *filter
            || reference.name() == *filter
    };
    let named = listed.references.iter().filter(wanted);
    let mut rows: Vec<Value> = named
        .map(|reference| row(listed, Some(reference), args))
        .collect();
    if listed.references.is_empty() && args.repository.is_none() && args.all {
        rows.push(row(listed, None, args));
    }
    rows
}

fn row(listed: &Listed, reference: Option<&Reference>, args: &Args) -> Value {
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
        "Digest": image.manifest.digest.to_string(),
        "ID": id,
        "CreatedSince": times::ago(created),
        "CreatedAt": image.created.clone().unwrap_or_default(),
        "Size": sizes::compact(listed.size),
        "Platform": image.platform.to_string(),
    })
}

/// Twelve digits, as Docker shows them.
pub(crate) fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}
