//! `carafe import`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::interruptible::Interruptible;
use crate::{output, signals, terminal};
use oci::{ImageConfig, Platform, Reference, timestamp};
use std::fs::File;
use std::io::{self, Read};
use std::time::SystemTime;

/// Make an image of a root file system in a tar
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Say which platform it is for
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Note this in the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The tar, compressed or not; `-` is standard input
    file: String,
    /// The image's name
    #[arg(value_name = "NAME[:TAG]")]
    name: Option<Reference>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let source: Box<dyn Read + Send> = match args.file.as_str() {
        "-" if terminal::is_terminal(io::stdin()) => {
            return Err(
                CommandError::usage("the archive would come from the terminal")
                    .hint("name a file, or redirect standard input"),
            );
        }
        "-" => Box::new(io::stdin()),
        url if url.starts_with("http://") || url.starts_with("https://") => {
            return Err(CommandError::not_yet("importing from a URL").hint("download it first"));
        }
        path => {
            let file = File::open(path);
            Box::new(file.map_err(|error| CommandError::file("read", path.as_ref(), error))?)
        }
    };
    signals::watch();
    let store = config.store()?;
    let mut image_config = ImageConfig::new(&args.platform.clone().unwrap_or_else(Platform::host));
    image_config.created = Some(timestamp::format(SystemTime::now()));
    let comment = args.message.as_deref().unwrap_or("imported");
    let imported = store.import(&mut Interruptible(source), image_config, comment);
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    let image = imported?;
    if let Some(name) = &args.name {
        store.tag(name, &image.manifest)?;
    }
    output::result(&format!("{}\n", image.id))?;
    Ok(Exit::Success)
}
