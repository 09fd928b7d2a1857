//! `carafe volume`.

use super::images::filter::{LabelFilter, condition};
use super::prune::{asked, total};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::names;
use crate::container::volumes::{Volume, Volumes};
use crate::exit::Exit;
use crate::key_values::{boolean, maybe_pair};
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::template::Template;
use serde_json::{Value, json};

/// Make, list and remove volumes
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a volume
    Create {
        /// Set a label
        #[arg(long = "label", value_name = "KEY[=VALUE]", value_parser = maybe_pair)]
        labels: Vec<(String, Option<String>)>,
        /// Its name
        #[arg(value_parser = names::check)]
        name: Option<String>,
    },
    /// List volumes
    #[command(visible_alias = "list")]
    Ls(Ls),
    /// Show all that is known of volumes
    Inspect {
        /// Fill in a Go template for each, or print JSON with `json`
        #[arg(short, long, value_name = "FORMAT")]
        format: Option<String>,
        /// The volumes
        #[arg(required = true, value_name = "VOLUME")]
        names: Vec<String>,
    },
    /// Remove volumes
    #[command(visible_alias = "remove")]
    Rm {
        /// One that is not there is no error
        #[arg(short, long)]
        force: bool,
        /// The volumes
        #[arg(required = true, value_name = "VOLUME")]
        names: Vec<String>,
    },
    /// Remove volumes that no container has: those without a name of their own, or all
    Prune {
        /// Remove those with a name, too
        #[arg(short, long)]
        all: bool,
        /// Remove only those: label=KEY[=VALUE], label!=…
        #[arg(long, value_name = "CONDITION", value_parser = condition)]
        filter: Vec<(String, String)>,
        /// Do not ask
        #[arg(short, long)]
        force: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Ls {
    /// Show names only
    #[arg(short, long)]
    quiet: bool,
    /// Show only those: name=PART, label=KEY[=VALUE], dangling=BOOL
    #[arg(short, long, value_name = "CONDITION", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

const FIELDS: &[Column] = &[
    ("Driver", "DRIVER"),
    ("Name", "VOLUME NAME"),
    ("Scope", "SCOPE"),
    ("Mountpoint", "MOUNTPOINT"),
    ("Labels", "LABELS"),
];

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let volumes = Volumes::new(&store);
    match &args.verb {
        Verb::Create { labels, name } => {
            let labels = labels.iter().cloned();
            let labels = labels.map(|(key, value)| (key, value.unwrap_or_default()));
            let (name, anonymous) = match name {
                Some(name) => (name.clone(), false),
                None => (names::id()?, true),
            };
            volumes.create(&name, anonymous, labels.collect())?;
            output::result(&format!("{name}\n"))?;
            Ok(Exit::Success)
        }
        Verb::Ls(args) => list(args, &volumes),
        Verb::Inspect { format, names } => {
            let shown = |name: &String| volumes.find(name).map(|volume| describe(&volume));
            inspect(format.as_deref(), names.iter().map(shown), config)
        }
        Verb::Rm { force, names } => each(names, config, |name| match volumes.find(name) {
            Err(_) if *force => Ok(()),
            found => {
                volumes.remove(&found?)?;
                output::result(&format!("{name}\n"))
            }
        }),
        Verb::Prune { all, filter, force } => {
            let which = if *all { "" } else { "anonymous " };
            let warning = format!("This will remove all {which}volumes that no container has.");
            if *force || asked(&warning)? {
                let (text, freed) = prune_volumes(&volumes, *all, filter)?;
                output::result(&(text + &total(freed)))?;
            }
            Ok(Exit::Success)
        }
    }
}

/// Does it for each, and goes on where one fails.
fn each(
    names: &[String],
    config: &Config,
    mut one: impl FnMut(&str) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    let mut exit = Exit::Success;
    for name in names {
        if let Err(error) = one(name) {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}

fn list(args: &Ls, volumes: &Volumes<'_>) -> Result<Exit, CommandError> {
    let (mut labels, mut parts, mut dangling) = (LabelFilter::default(), Vec::new(), None);
    for (key, value) in &args.filter {
        match key.as_str() {
            "name" => parts.push(value.as_str()),
            "dangling" => dangling = Some(boolean(value).map_err(CommandError::usage)?),
            "label" | "label!" => labels.add(key, value),
            other => return Err(unknown(other, "name, label, dangling")),
        }
    }
    let mut rows = Vec::new();
    for volume in volumes.list()? {
        let name = &volume.record.name;
        let is_meant = parts.is_empty() || parts.iter().any(|part| name.contains(part));
        if !is_meant || !has(&labels, &volume) {
            continue;
        }
        if let Some(dangling) = dangling
            && volumes.users(name)?.is_empty() != dangling
        {
            continue;
        }
        rows.push(row(&volume));
    }
    let text = if args.quiet {
        let names = rows.iter().filter_map(|row| row["Name"].as_str());
        names.map(|name| format!("{name}\n")).collect()
    } else {
        Listing {
            fields: FIELDS,
            shown: &["Driver", "Name"],
            rows,
        }
        .render(args.format.as_deref())?
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

fn unknown(key: &str, known: &str) -> CommandError {
    CommandError::usage(format!("invalid filter '{key}'")).hint(format!("there are {known}"))
}

fn has(labels: &LabelFilter, volume: &Volume) -> bool {
    labels.hold(|name| volume.record.labels.get(name).map(String::as_str))
}

fn row(volume: &Volume) -> Value {
    let labels = volume.record.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    json!({
        "Driver": "local",
        "Name": volume.record.name,
        "Scope": "local",
        "Mountpoint": volume.data(),
        "Labels": labels.join(","),
    })
}

/// The members that Docker's have.
fn describe(volume: &Volume) -> Value {
    json!({
        "CreatedAt": volume.record.created,
        "Driver": "local",
        "Labels": volume.record.labels,
        "Mountpoint": volume.data(),
        "Name": volume.record.name,
        "Options": null,
        "Scope": "local",
    })
}

fn inspect(
    format: Option<&str>,
    shown: impl Iterator<Item = Result<Value, CommandError>>,
    config: &Config,
) -> Result<Exit, CommandError> {
    let template = match format {
        None | Some("json") => None,
        Some(text) => Some(Template::parse(text)?),
    };
    let (mut exit, mut found) = (Exit::Success, Vec::new());
    for value in shown {
        match value {
            Ok(value) => found.push(value),
            Err(error) => {
                output::note(&error.render(config.style()));
                exit = Exit::Failure;
            }
        }
    }
    let text = match (&template, format) {
        (Some(template), _) => {
            let lines = found.iter().map(|value| template.render(value));
            let lines: Result<Vec<String>, _> = lines.collect();
            lines?.iter().map(|line| format!("{line}\n")).collect()
        }
        (None, Some(_)) => format!("{}\n", Value::from(found)),
        (None, None) => format!("{:#}\n", Value::from(found)),
    };
    output::result(&text)?;
    Ok(exit)
}

/// Removes volumes that no container has; the lines that say so, and how many bytes they had.
pub(super) fn prune_volumes(
    volumes: &Volumes<'_>,
    all: bool,
    conditions: &[(String, String)],
) -> Result<(String, u64), CommandError> {
    let mut labels = LabelFilter::default();
    for (key, value) in conditions {
        match key.as_str() {
            "label" | "label!" => labels.add(key, value),
            other => return Err(unknown(other, "label")),
        }
    }
    let (mut removed, mut freed) = (String::new(), 0);
    for volume in volumes.list()? {
        let name = &volume.record.name;
        let is_meant = (all || volume.record.anonymous) && has(&labels, &volume);
        if is_meant && volumes.users(name)?.is_empty() {
            freed += store::bytes_in(&volume.data())?;
            volumes.remove(&volume)?;
            removed += &format!("{name}\n");
        }
    }
    if !removed.is_empty() {
        removed = format!("Deleted Volumes:\n{removed}\n");
    }
    Ok((removed, freed))
}
