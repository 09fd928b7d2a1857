//! `carafe ps`.

use super::images::short;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::container::state::Phase;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::times;
use crate::terminal::{clean, width};
use oci::timestamp;
use serde_json::{Value, json};

/// List containers
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show those that have ended too
    #[arg(short, long)]
    all: bool,
    /// Show IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Show whole IDs and commands
    #[arg(long)]
    no_trunc: bool,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

const FIELDS: &[Column] = &[
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("RunningFor", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("Status", "STATUS"),
    ("State", "STATE"),
    ("Ports", "PORTS"),
    ("Names", "NAMES"),
    ("Networks", "NETWORKS"),
    ("Mounts", "MOUNTS"),
    ("Labels", "LABELS"),
];

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let mut rows = Vec::new();
    for container in Containers::new(&store).list()? {
        rows.extend(row(&container, args)?);
    }
    let text = if args.quiet {
        rows.iter()
            .map(|row| format!("{}\n", row["ID"].as_str().unwrap_or_default()))
            .collect()
    } else {
        let shown = &[
            "ID",
            "Image",
            "Command",
            "RunningFor",
            "Status",
            "Ports",
            "Names",
        ];
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

fn row(container: &Container, args: &Args) -> Result<Option<Value>, CommandError> {
    let state = container.state()?;
    if state.phase != Phase::Running && !args.all {
        return Ok(None);
    }
    let record = &container.record;
    let command = clean::line(record.command.join(" ").replace('\n', " ").as_bytes());
    let command = if args.no_trunc {
        command
    } else {
        width::cut(&command, 20)
    };
    let ports: Vec<String> = match state.phase {
        Phase::Running => record.ports.iter().map(ToString::to_string).collect(),
        Phase::Created | Phase::Exited => Vec::new(),
    };
    let mounts: Vec<String> = record
        .volumes
        .iter()
        .map(|v| v.host.display().to_string())
        .collect();
    let labels: Vec<String> = record
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    Ok(Some(json!({
        "ID": if args.no_trunc { record.id.clone() } else { short(&record.id) },
        "Image": record.image,
        "Command": format!("\"{command}\""),
        "RunningFor": times::ago(timestamp::parse(&record.created)),
        "CreatedAt": record.created,
        "Status": state.sentence(),
        "State": state.phase.word(),
        "Ports": ports.join(", "),
        "Names": record.name,
        "Networks": record.network.word(),
        "Mounts": mounts.join(","),
        "Labels": labels.join(","),
    })))
}
