//! The one builder: carafe itself. Buildx has many, in containers and elsewhere.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::table::Table;
use serde_json::json;

/// Its name. `default` means it as well.
const NAME: &str = "carafe";

/// Refuses the name of another builder.
pub(crate) fn check(name: Option<&str>) -> Result<(), CommandError> {
    match name {
        None | Some("" | "default" | NAME) => Ok(()),
        Some(name) => Err(CommandError::new(format!("there is no builder `{name}`"))
            .hint("carafe builds by itself: the only builder is `carafe`")),
    }
}

/// `buildx ls`.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Print JSON with `json`
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: String,
    #[arg(long, hide = true)]
    no_trunc: bool,
}

/// `buildx inspect`.
#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// Start the builder first; it needs no start
    #[arg(long)]
    bootstrap: bool,
    name: Option<String>,
}

/// `buildx use`.
#[derive(Debug, clap::Args)]
pub(super) struct UseArgs {
    #[arg(long, hide = true)]
    default: bool,
    #[arg(long, hide = true)]
    global: bool,
    name: String,
}

/// `buildx create`.
#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    driver: Option<String>,
    #[arg(long, hide = true)]
    driver_opt: Vec<String>,
    #[arg(long, alias = "config", hide = true)]
    buildkitd_config: Option<String>,
    #[arg(long, alias = "buildkitd-flags", hide = true)]
    flags: Option<String>,
    #[arg(long, hide = true)]
    node: Option<String>,
    #[arg(long, hide = true)]
    platform: Vec<String>,
    #[arg(long, hide = true)]
    append: bool,
    #[arg(long, hide = true)]
    leave: bool,
    #[arg(long = "use", hide = true)]
    use_: bool,
    #[arg(long, hide = true)]
    bootstrap: bool,
    #[arg(hide = true)]
    endpoint: Option<String>,
}

/// `buildx rm`.
#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    #[arg(long, hide = true)]
    all_inactive: bool,
    #[arg(short, long, hide = true)]
    force: bool,
    #[arg(long, hide = true)]
    keep_daemon: bool,
    #[arg(long, hide = true)]
    keep_state: bool,
    names: Vec<String>,
}

/// `buildx stop`.
#[derive(Debug, clap::Args)]
pub(super) struct StopArgs {
    names: Vec<String>,
}

pub(super) fn list(args: &ListArgs, config: &Config) -> Result<Exit, CommandError> {
    let place = config.store_path()?.display().to_string();
    let platform = oci::Platform::host().to_string();
    let version = concat!("carafe ", env!("CARGO_PKG_VERSION"));
    let text = match args.format.as_str() {
        "json" => {
            let node = json!({
                "Name": NAME, "Endpoint": place, "Status": "running", "Version": version, "Platforms": [platform],
            });
            let builder = json!({
                "Name": NAME, "Driver": NAME, "Current": true, "Dynamic": false, "Nodes": [node],
            });
            format!("{builder}\n")
        }
        "table" => {
            let mut table = Table::new([
                "NAME/NODE",
                "DRIVER/ENDPOINT",
                "STATUS",
                "BUILDKIT",
                "PLATFORMS",
            ]);
            table.push([&format!("{NAME}*"), NAME]);
            let (node, endpoint) = (format!(" \\_ {NAME}"), format!(" \\_ {place}"));
            table.push([&node, &endpoint, "running", version, &platform]);
            table.render()
        }
        other => {
            return Err(CommandError::usage(format!("there is no format `{other}`"))
                .hint("it is table or json"));
        }
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// In the lines that scripts look for.
pub(super) fn inspect(args: &InspectArgs, config: &Config) -> Result<Exit, CommandError> {
    check(args.name.as_deref())?;
    let place = config.store_path()?;
    let text = format!(
        "Name:   {NAME}\nDriver: {NAME}\n\nNodes:\nName:             {NAME}\nEndpoint:         {}\nStatus:           running\n\
         BuildKit version: carafe {}\nPlatforms:        {}\n",
        place.display(),
        env!("CARGO_PKG_VERSION"),
        oci::Platform::host(),
    );
    output::result(&text)?;
    Ok(Exit::Success)
}

pub(super) fn use_(args: &UseArgs) -> Result<Exit, CommandError> {
    check(Some(&args.name))?;
    Ok(Exit::Success)
}

/// Says which builder there is: asking for just that one is no error.
pub(super) fn create(args: &CreateArgs) -> Result<Exit, CommandError> {
    match (args.driver.as_deref(), args.name.as_deref()) {
        (None | Some(NAME), None | Some(NAME)) => {
            output::result(&format!("{NAME}\n"))?;
            Ok(Exit::Success)
        }
        (Some(driver), _) if driver != NAME => Err(CommandError::new(format!(
            "cannot make a builder with the driver `{driver}`: carafe has no daemon to start"
        ))
        .hint("leave `buildx create` out: the builder `carafe` is always there")),
        (_, name) => Err(CommandError::new(format!(
            "cannot make a builder `{}`: there is one, `{NAME}`",
            name.unwrap_or_default()
        ))
        .hint("leave `buildx create` and --builder out: the builder `carafe` is always there")),
    }
}

pub(super) fn remove(args: &RemoveArgs) -> Result<Exit, CommandError> {
    for name in &args.names {
        check(Some(name))?;
    }
    if args.names.is_empty() {
        return Ok(Exit::Success);
    }
    Err(CommandError::new(format!(
        "cannot remove the builder `{NAME}`: it is carafe itself"
    ))
    .hint("`carafe docker-plugin uninstall --as buildx` gives docker its own builder back"))
}

pub(super) fn stop(args: &StopArgs) -> Result<Exit, CommandError> {
    for name in &args.names {
        check(Some(name))?;
    }
    Ok(Exit::Success)
}
