//! `carafe version`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::template::Template;
use serde_json::json;

/// Show the version
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fill in a Go template, or print JSON with `json`
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

pub(crate) fn run(args: &Args, _config: &Config) -> Result<Exit, CommandError> {
    let version = json!({
        "Version": env!("CARGO_PKG_VERSION"),
        "Os": std::env::consts::OS,
        "Arch": oci::Platform::host().architecture,
    });
    let text = match args.format.as_deref() {
        None => format!("carafe {}\n", env!("CARGO_PKG_VERSION")),
        Some("json") => format!("{version}\n"),
        Some(template) => Template::parse(template)?.render(&version)? + "\n",
    };
    output::result(&text)?;
    Ok(Exit::Success)
}
