//! `carafe load`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::interruptible::Interruptible;
use crate::{output, signals, terminal};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// Load images from an archive: of docker save, or an OCI layout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Read this file instead of standard input
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print IDs only
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let source: Box<dyn Read + Send> = match &args.input {
        Some(path) => {
            let file = File::open(path);
            Box::new(file.map_err(|error| CommandError::file("read", path, error))?)
        }
        None if terminal::is_terminal(io::stdin()) => {
            return Err(
                CommandError::usage("the archive would come from the terminal")
                    .hint("name a file with -i FILE, or redirect standard input"),
            );
        }
        None => Box::new(io::stdin()),
    };
    signals::watch();
    let store = config.store()?;
    let loaded = store.load(&mut Interruptible(source));
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    let mut lines = String::new();
    for one in loaded? {
        let ids = one.images.iter().map(|image| image.id.to_string());
        if args.quiet {
            lines.extend(ids.map(|id| id + "\n"));
        } else if one.references.is_empty() {
            lines.extend(ids.map(|id| format!("Loaded image ID: {id}\n")));
        } else {
            let names = one.references.iter();
            lines.extend(names.map(|name| format!("Loaded image: {}\n", name.familiar())));
        }
    }
    output::result(&lines)?;
    Ok(Exit::Success)
}
