//! `carafe history`.

use super::images::short;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::{sizes, times};
use crate::terminal::{clean, width};
use oci::{Platform, timestamp};
use serde_json::{Value, json};
use store::{Image, Store};

/// Show how an image came about: its instructions and what each added
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show bytes and dates as they are (`--human=false`), or for people
    #[arg(short = 'H', long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value = "true", default_missing_value = "true", value_parser = crate::key_values::boolean,
          action = clap::ArgAction::Set)]
    human: bool,
    /// Show whole instructions
    #[arg(long)]
    no_trunc: bool,
    /// Show IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Choose the image for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// The image: a name or an ID
    image: String,
}

const FIELDS: &[Column] = &[
    ("ID", "IMAGE"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("CreatedBy", "CREATED BY"),
    ("Size", "SIZE"),
    ("Comment", "COMMENT"),
];

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let image = store.resolve_any(&args.image, args.platform.as_ref())?;
    let rows = rows(&store, &image, args)?;
    let text = if args.quiet {
        rows.iter()
            .map(|row| format!("{}\n", row["ID"].as_str().unwrap_or_default()))
            .collect()
    } else {
        let created = if args.human {
            "CreatedSince"
        } else {
            "CreatedAt"
        };
        let shown = &["ID", created, "CreatedBy", "Size", "Comment"];
        Listing {
            fields: FIELDS,
            shown,
            rows,
        }
        .render(args.format.as_deref())?
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// Newest first. Entries that made a layer take the image's layers in order.
fn rows(store: &Store, image: &Image, args: &Args) -> Result<Vec<Value>, CommandError> {
    let config = store.config(&image.config)?;
    let mut layers = image.layers.iter();
    let mut rows = Vec::new();
    for entry in &config.history {
        let layer = if entry.empty_layer {
            None
        } else {
            layers.next()
        };
        let size = match layer {
            None => 0,
            Some(layer) => {
                let unpacked = store
                    .layer(&layer.diff_id)?
                    .and_then(|known| known.unpacked);
                unpacked.unwrap_or(layer.blob.size)
            }
        };
        let created = entry.created.as_deref().and_then(timestamp::parse);
        let by = clean::line(entry.created_by.replace(['\n', '\t'], " ").as_bytes());
        rows.push(json!({
            "ID": "<missing>",
            "CreatedSince": times::ago(created),
            "CreatedAt": created.map(timestamp::format_seconds).unwrap_or_default(),
            "CreatedBy": if args.no_trunc { by } else { width::cut(&by, 45) },
            "Size": if args.human { sizes::compact(size) } else { size.to_string() },
            "Comment": clean::line(entry.comment.as_bytes()),
        }));
    }
    rows.reverse();
    if let Some(newest) = rows.first_mut() {
        let id = if args.no_trunc {
            image.id.to_string()
        } else {
            short(image.id.hex())
        };
        newest["ID"] = Value::from(id);
    }
    Ok(rows)
}
