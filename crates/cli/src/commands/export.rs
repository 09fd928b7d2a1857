//! `carafe export`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::exit::Exit;
use crate::output::OutputFile;
use crate::{signals, terminal};
use std::io;
use std::path::PathBuf;
use store::Tree;

/// Write the files of an image, all layers merged, as a tar
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The image: a name or an ID
    image: String,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if args.output.is_none() && terminal::is_terminal(io::stdout()) {
        return Err(CommandError::usage("the archive would go to the terminal")
            .hint("name a file with -o FILE, or redirect standard output"));
    }
    signals::watch();
    let exported = export(args, config);
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    exported?;
    Ok(Exit::Success)
}

fn export(args: &Args, config: &Config) -> Result<(), CommandError> {
    let store = config.store()?;
    let image = store.resolve(&args.image)?;
    let root = store.mount(&store.unpack_image(&image)?, None, None)?;
    let mut file = OutputFile::create(args.output.as_deref())?;
    store::export_tar(&[Tree::whole(&root)], &mut file)?;
    file.finish()?;
    Ok(())
}
