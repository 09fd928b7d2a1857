//! `carafe inspect`.

mod container;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output;
use crate::template::Template;
use oci::{ImageConfig, Platform, timestamp};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};
use store::{Image, Store};

/// Show all that is known of images and containers
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fill in a Go template for each, or print JSON with `json`
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Look for this kind only
    #[arg(long = "type", value_name = "KIND")]
    kind: Option<Kind>,
    /// Show what containers take: SizeRw is what they wrote, SizeRootFs that and the image
    #[arg(short, long)]
    size: bool,
    /// Choose the image for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Names or IDs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Image,
    Container,
}

/// `image inspect`.
pub(crate) fn of_images(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    inspect(args, Some(Kind::Image), config)
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    inspect(args, args.kind, config)
}

fn inspect(args: &Args, kind: Option<Kind>, config: &Config) -> Result<Exit, CommandError> {
    let template = match args.format.as_deref() {
        None | Some("json") => None,
        Some(text) => Some(Template::parse(text)?),
    };
    let store = config.store()?;
    let mut exit = Exit::Success;
    let mut found = Vec::new();
    for name in &args.names {
        match object(&store, name, kind, args) {
            Ok(value) => found.push(value),
            Err(error) => {
                output::note(&error.render(config.style()));
                exit = Exit::Failure;
            }
        }
    }
    let text = match (&template, &args.format) {
        (Some(template), _) => {
            let lines: Result<Vec<_>, _> =
                found.iter().map(|value| template.render(value)).collect();
            lines?.iter().map(|line| format!("{line}\n")).collect()
        }
        // Docker's is one line with all of them.
        (None, Some(_)) => format!("{}\n", shown(found)),
        (None, None) => {
            let mut text = Vec::new();
            let indented = PrettyFormatter::with_indent(b"    ");
            shown(found)
                .serialize(&mut Serializer::with_formatter(&mut text, indented))
                .map_err(|error| CommandError::new(format!("cannot show this: {error}")))?;
            String::from_utf8_lossy(&text).into_owned() + "\n"
        }
    };
    output::result(&text)?;
    Ok(exit)
}

/// As JSON, where Docker leaves out what is empty in an image's `Config`. Templates may name it all the same.
fn shown(found: Vec<Value>) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let prune = |mut value: Value| {
        if let Some(Value::Object(config)) = value.get_mut("Config") {
            config.retain(|_, member| !is_empty(member));
        }
        if let Value::Object(members) = &mut value {
            members.retain(|name, member| name != "Variant" || !is_empty(member));
        }
        value
    };
    found.into_iter().map(prune).collect()
}

/// A container goes before an image of that name, as with Docker.
fn object(
    store: &Store,
    name: &str,
    kind: Option<Kind>,
    args: &Args,
) -> Result<Value, CommandError> {
    let platform = args.platform.as_ref();
    if kind != Some(Kind::Image) && platform.is_none() {
        match Containers::new(store).find(name) {
            Ok(container) => {
                let mut value = container::describe(store, &container)?;
                if args.size {
                    container::add_sizes(store, &container, &mut value)?;
                }
                return Ok(value);
            }
            Err(error) if kind == Some(Kind::Container) => return Err(error),
            Err(_) => {}
        }
    }
    let image = store.resolve_any(name, platform)?;
    of_image(store, &image)
}

/// The members that Docker's have.
fn of_image(store: &Store, image: &Image) -> Result<Value, CommandError> {
    let config = store.config(&image.config)?;
    let references = store.references(image)?;
    let mut digests: Vec<String> = Vec::new();
    for reference in &references {
        // The index's, where the name leads to one.
        if let Some(digest) = store.published(reference)? {
            digests.push(format!("{}@{digest}", reference.familiar_name()));
        }
    }
    digests.dedup();
    let tags = references.iter().filter_map(|r| r.with_tag(r.tag()?).ok());
    let tags: Vec<String> = tags.map(|r| r.familiar()).collect();
    let tagged = references.iter().filter_map(|r| store.tagged_at(r)).max();
    // Go's zero time, as Docker has it for an image that never had a name.
    let tagged = tagged.map_or("0001-01-01T00:00:00Z".to_owned(), timestamp::format);
    let last = config.history.last();
    Ok(json!({
        "Id": image.id,
        "RepoTags": tags,
        "RepoDigests": digests,
        "Parent": "",
        "Comment": last.map(|entry| entry.comment.as_str()).unwrap_or_default(),
        "Created": config.created,
        "DockerVersion": "",
        "Author": config.author.clone().unwrap_or_default(),
        "Architecture": config.architecture,
        "Variant": config.variant.clone().unwrap_or_default(),
        "Os": config.os,
        "Size": store.image_size(image)?,
        "GraphDriver": {"Data": null, "Name": "overlayfs"},
        "RootFS": {
            "Type": "layers",
            "Layers": image.diff_ids().collect::<Vec<_>>(),
        },
        "Metadata": {"LastTagTime": tagged},
        "Descriptor": image.manifest,
        "Config": config_of(&config)?,
    }))
}

/// The image's config with all the members that people ask for, those that are empty too.
fn config_of(config: &ImageConfig) -> Result<Value, CommandError> {
    const NULLS: [&str; 10] = [
        "Cmd",
        "Entrypoint",
        "Env",
        "ExposedPorts",
        "Healthcheck",
        "Labels",
        "OnBuild",
        "Shell",
        "Volumes",
        "ArgsEscaped",
    ];
    let written = serde_json::to_value(&config.config)
        .map_err(|error| CommandError::new(format!("cannot show the config: {error}")))?;
    let mut members: Map<String, Value> = Map::new();
    for text in ["User", "WorkingDir", "StopSignal"] {
        members.insert(text.to_owned(), Value::from(""));
    }
    for name in NULLS {
        members.insert(name.to_owned(), Value::Null);
    }
    members["ArgsEscaped"] = Value::Bool(false);
    if let Value::Object(written) = written {
        members.extend(written);
    }
    members.sort_keys();
    Ok(Value::Object(members))
}
