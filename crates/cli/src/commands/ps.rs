//! `carafe ps`.

mod filter;

use super::images::filter::condition;
use super::images::short;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::container::mounts::Source;
use crate::container::state::{Phase, State};
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::times;
use crate::terminal::{clean, width};
use filter::Filter;
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
    /// Show only those: name=, id=, status=, label=, ancestor=, exited=, health=, volume=, network=, before=, since=
    #[arg(short, long, value_name = "CONDITION", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// Show the last that were made, so many of them
    #[arg(short = 'n', long, value_name = "NUMBER", conflicts_with = "latest")]
    last: Option<usize>,
    /// Show the one that was made last
    #[arg(short, long)]
    latest: bool,
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
    let mut containers = Containers::new(&store).list()?;
    let filter = Filter::new(&args.filter, &containers)?;
    let last = if args.latest { Some(1) } else { args.last };
    let any_state = args.all || last.is_some() || filter.asks_for_state();
    let mut rows = Vec::new();
    containers.truncate(last.unwrap_or(usize::MAX));
    for container in containers {
        let state = container.state()?;
        let runs = matches!(state.phase, Phase::Running | Phase::Restarting);
        if (runs || any_state) && filter.holds(&container, &state)? {
            rows.push(row(&container, &state, args)?);
        }
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

fn row(container: &Container, state: &State, args: &Args) -> Result<Value, CommandError> {
    let record = &container.record;
    let command = clean::line(record.command.join(" ").replace('\n', " ").as_bytes());
    let command = if args.no_trunc {
        command
    } else {
        width::cut(&command, 20)
    };
    let ports: Vec<String> = match state.phase {
        Phase::Running => record.ports.iter().map(ToString::to_string).collect(),
        Phase::Created | Phase::Restarting | Phase::Exited => Vec::new(),
    };
    let status = match container.health()? {
        Some(health) if state.phase == Phase::Running => {
            format!("{} ({})", state.sentence(), health.words())
        }
        _ => state.sentence(),
    };
    let mounts: Vec<String> = record
        .mounts
        .iter()
        .filter_map(|mount| match &mount.source {
            Source::Bind(host) => Some(host.display().to_string()),
            Source::Volume { name, .. } => Some(name.clone()),
            Source::Tmpfs { .. } => None,
        })
        .collect();
    let labels: Vec<String> = record
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    Ok(json!({
        "ID": if args.no_trunc { record.id.clone() } else { short(&record.id) },
        "Image": record.image,
        "Command": format!("\"{command}\""),
        "RunningFor": times::ago(timestamp::parse(&record.created)),
        "CreatedAt": record.created,
        "Status": status,
        "State": state.phase.word(),
        "Ports": ports.join(", "),
        "Names": record.name,
        "Networks": record.network.word(),
        "Mounts": mounts.join(","),
        "Labels": labels.join(","),
    }))
}
