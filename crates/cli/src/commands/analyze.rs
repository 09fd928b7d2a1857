//! `carafe analyze`: where every byte of an image went.

mod text;
mod value;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::template::Template;
use inspect::ledger::{LayerSums, Ledger};
use oci::{ImageConfig, Platform};
use store::Image;

/// Show where every byte of an image went: by layer and line, by directory, and what is wasted
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show tables, JSON (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show this many directories, and this many paths that waste most
    #[arg(short = 'n', long, value_name = "LINES", default_value_t = 12)]
    lines: usize,
    /// Look into directories down to this depth
    #[arg(long, value_name = "DEPTH", default_value_t = 3)]
    depth: usize,
    /// Choose the image for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// The image: a name or an ID
    image: String,
}

/// An image, and all that is told of it.
struct Report<'a> {
    args: &'a Args,
    image: Image,
    ledger: Ledger,
    /// Of each layer: its sums, and the line of the Dockerfile that made it, as the history has it.
    layers: Vec<(LayerSums, String)>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let image = store.resolve_any(&args.image, args.platform.as_ref())?;
    let lines = lines(&store.config(&image.config)?, image.layers.len());
    let ledger = inspect::audit(&store, &image)?;
    let report = Report {
        args,
        layers: ledger.layers().into_iter().zip(lines).collect(),
        image,
        ledger,
    };
    let text = match args.format.as_deref() {
        None | Some("table") => text::render(&report, config.output_style()),
        Some("json") => format!("{:#}\n", value::of(&report)),
        Some(text) => Template::for_rows(text)?.render(&value::of(&report))? + "\n",
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// The instruction that made each layer. A history that does not have as many says nothing of any.
fn lines(config: &ImageConfig, layers: usize) -> Vec<String> {
    let history = config.history.iter().filter(|entry| !entry.empty_layer);
    let lines: Vec<String> = history.map(|entry| entry.created_by.clone()).collect();
    match lines.len() == layers {
        true => lines,
        false => vec![String::new(); layers],
    }
}
