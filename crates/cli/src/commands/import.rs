//! `carafe import`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::interruptible::Interruptible;
use crate::progress::Notices;
use crate::{output, signals, terminal};
use oci::{ImageConfig, Platform, Reference, timestamp};
use registry::{DownloadRequest, Downloaded, url_to_show};
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;
use store::Image;

/// Make an image of a root file system in a tar
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Say which platform it is for
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Change how the image is run, by a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD,
    /// STOPSIGNAL, USER, VOLUME or WORKDIR
    #[arg(short, long, value_name = "INSTRUCTION", allow_hyphen_values = true)]
    change: Vec<String>,
    /// Note this in the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The tar, compressed or not: a file, a URL (http, https), or `-` for standard input
    file: String,
    /// The image's name
    #[arg(value_name = "NAME[:TAG]")]
    name: Option<Reference>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.file == "-" && terminal::is_terminal(io::stdin()) {
        return Err(
            CommandError::usage("the archive would come from the terminal")
                .hint("name a file, or redirect standard input"),
        );
    }
    if let Some(name) = args.name.as_ref().filter(|name| name.digest().is_some()) {
        return Err(CommandError::usage(format!(
            "cannot name the image {name}: a digest follows from the content and cannot be given"
        )));
    }
    // What is wrong with the command line is told before anything is read.
    let mut image = ImageConfig::new(&args.platform.clone().unwrap_or_else(Platform::host));
    image.config = builder::changed_config(&image, &args.change)
        .map_err(|error| CommandError::usage(error.to_string()))?;
    image.created = Some(timestamp::format(SystemTime::now()));
    let cancel = signals::watch();
    let imported = import(args, image, config, cancel);
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    output::result(&format!("{}\n", imported?.id))?;
    Ok(Exit::Success)
}

fn import(
    args: &Args,
    image: ImageConfig,
    config: &Config,
    cancel: Arc<AtomicBool>,
) -> Result<Image, CommandError> {
    let store = config.store()?;
    let source = open(&args.file, config, cancel)?;
    let comment = match &args.message {
        Some(message) => message.clone(),
        None => format!("Imported from {}", url_to_show(&args.file)),
    };
    let image = store.import(&mut Interruptible(source), image, &comment)?;
    if let Some(name) = &args.name {
        store.tag(name, &image.manifest)?;
    }
    Ok(image)
}

fn open(
    file: &str,
    config: &Config,
    cancel: Arc<AtomicBool>,
) -> Result<Box<dyn Read + Send>, CommandError> {
    if file == "-" {
        return Ok(Box::new(io::stdin()));
    }
    if file.starts_with("http://") || file.starts_with("https://") {
        let request = DownloadRequest {
            url: file.to_owned(),
            ..DownloadRequest::default()
        };
        let client = config.registry(cancel, Notices::default().observer())?;
        return match client.download(&request)? {
            Downloaded::Content(content) => Ok(content),
            // Nothing was known that could have been unchanged.
            Downloaded::Unchanged => Ok(Box::new(io::empty())),
        };
    }
    let opened = File::open(file);
    let opened = opened.map_err(|error| CommandError::file("read", file.as_ref(), error))?;
    Ok(Box::new(opened))
}
