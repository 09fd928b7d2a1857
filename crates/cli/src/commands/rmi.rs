//! `carafe rmi`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output;
use store::{Prune, Store, Unnamed};

/// Remove images, or names of images
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove an image with all its names, and one that containers use
    #[arg(short, long)]
    force: bool,
    /// Leave layers that nothing needs any more to the next collection of garbage
    #[arg(long)]
    no_prune: bool,
    /// The images: names or IDs
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let mut exit = Exit::Success;
    for name in &args.images {
        // The others are removed all the same, as with rm(1).
        if let Err(error) = remove(&store, name, args.force) {
            output::note(&error.render(config.style()));
            exit = Exit::Failure;
        }
    }
    if !args.no_prune {
        // What this process has looked at counts as in use.
        drop(store);
        config.store()?.prune(&Prune::default())?;
    }
    Ok(exit)
}

fn remove(store: &Store, name: &str, force: bool) -> Result<(), CommandError> {
    if !force {
        refuse_if_used(store, name)?;
    }
    let several = if force {
        Unnamed::Force
    } else {
        Unnamed::Refuse
    };
    let removed = store.remove_image(name, several)?;
    let untagged = removed
        .untagged
        .iter()
        .map(|r| format!("Untagged: {}\n", r.familiar()));
    let deleted = removed.deleted.iter().map(|id| format!("Deleted: {id}\n"));
    output::result(&untagged.chain(deleted).collect::<String>())
}

/// A container stands on the layers of its image, so the last name of that image stays.
fn refuse_if_used(store: &Store, name: &str) -> Result<(), CommandError> {
    let image = store.resolve(name)?;
    let by_name = name
        .parse()
        .is_ok_and(|r| store.tagged(&r).is_ok_and(|tag| tag.is_some()));
    if by_name && store.references(&image)?.len() > 1 {
        return Ok(());
    }
    let id = image.id.to_string();
    let containers = Containers::new(store).list()?;
    match containers
        .iter()
        .find(|container| container.record.image_id == id)
    {
        None => Ok(()),
        Some(user) => {
            let (container, name_of_it) = (user.record.short_id(), &user.record.name);
            let message =
                format!("cannot remove {name}: container {container} ({name_of_it}) uses it");
            Err(CommandError::new(message).hint(format!(
                "remove that first (carafe rm -f {container}), or use --force"
            )))
        }
    }
}
