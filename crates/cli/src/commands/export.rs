//! `carafe export`.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output::OutputFile;
use crate::{signals, terminal};
use rootfs::Root;
use std::io;
use std::path::PathBuf;
use store::{Store, Tree};

/// Write the files of a container or an image, all layers merged, as a tar
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The container, or the image: a name or an ID. A container goes before an image
    #[arg(value_name = "CONTAINER|IMAGE")]
    name: String,
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
    let root = root(&store, &args.name)?;
    let mut file = OutputFile::create(args.output.as_deref())?;
    store::export_tar(&[Tree::whole(&root)], &mut file)?;
    file.finish()?;
    Ok(())
}

/// The files of a container, as they are now, or of an image.
fn root(store: &Store, name: &str) -> Result<Root, CommandError> {
    let containers = Containers::new(store);
    let container = match containers.find(name) {
        Ok(container) => Some(container),
        Err(unknown) => match store.resolve(name) {
            Ok(image) => return Ok(store.mount(&store.unpack_image(&image)?, None, None)?),
            Err(store::Error::NoSuchImage { .. }) => {
                let message = format!("{}, and no image of that name", unknown.message());
                return Err(CommandError::new(message)
                    .hint("carafe ps -a lists containers, carafe images lists images"));
            }
            Err(error) => return Err(error.into()),
        },
    };
    let Some(container) = container else {
        return Err(CommandError::new(format!("there is no container {name}")));
    };
    let manifest = container.record.manifest.parse()?;
    let image = store.image(&manifest)?;
    let image = match image {
        Some(image) => image,
        // Its name may be gone; what it is made of is kept for the container.
        None => store.resolve(&container.record.image_id)?,
    };
    let upper = container.path.join("upper");
    Ok(store.mount(&store.unpack_image(&image)?, None, Some(&upper))?)
}
