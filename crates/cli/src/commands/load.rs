//! `carafe load`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::interruptible::Interruptible;
use crate::{output, signals, terminal};
use oci::Platform;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use store::Loaded;

/// Load images from an archive: of docker save, or an OCI layout, be it a directory
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Read this file instead of standard input
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Load the images for this platform only
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Show no progress; there is none
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.input.is_none() && terminal::is_terminal(io::stdin()) {
        return Err(
            CommandError::usage("the archive would come from the terminal")
                .hint("name a file with -i FILE, or redirect standard input"),
        );
    }
    signals::watch();
    let loaded = load(args, config);
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    let mut lines = String::new();
    for one in loaded? {
        let ids = one.images.iter().map(|image| image.id.to_string());
        if one.references.is_empty() {
            lines.extend(ids.map(|id| format!("Loaded image ID: {id}\n")));
        } else {
            let names = one.references.iter();
            lines.extend(names.map(|name| format!("Loaded image: {}\n", name.familiar())));
        }
    }
    output::result(&lines)?;
    Ok(Exit::Success)
}

fn load(args: &Args, config: &Config) -> Result<Vec<Loaded>, CommandError> {
    let platform = args.platform.as_ref();
    let source: Box<dyn Read + Send> = match &args.input {
        Some(path) if path.is_dir() => {
            let go_on = || signals::exit().is_none();
            return Ok(config.store()?.load_directory(path, platform, &go_on)?);
        }
        Some(path) => {
            let file = File::open(path);
            Box::new(file.map_err(|error| CommandError::file("read", path, error))?)
        }
        None => Box::new(io::stdin()),
    };
    Ok(config.store()?.load(&mut Interruptible(source), platform)?)
}
