//! `carafe rmi`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output;
use oci::Platform;
use store::{Image, Prune, Store, Unnamed};

/// Remove images, or names of images
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove an image with all its names, and one that containers use
    #[arg(short, long)]
    force: bool,
    /// Remove the image for this platform only; its names stay for the others
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
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
        if let Err(problem) = remove(&store, name, args) {
            output::note(&problem.error.render(config.style()));
            // As with rm(1) and docker, what is not there need not be removed.
            if !(args.force && problem.missing) {
                exit = Exit::Failure;
            }
        }
    }
    if !args.no_prune {
        // What this process has looked at counts as in use.
        drop(store);
        config.store()?.prune(&Prune::default())?;
    }
    Ok(exit)
}

/// Why an image was not removed.
struct Problem {
    error: CommandError,
    /// There is none.
    missing: bool,
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Self {
            missing: matches!(error, store::Error::NoSuchImage { .. }),
            error: error.into(),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        Self {
            error,
            missing: false,
        }
    }
}

fn remove(store: &Store, name: &str, args: &Args) -> Result<(), Problem> {
    if !args.force {
        let images = match &args.platform {
            Some(platform) => vec![store.resolve_for(name, platform)?],
            None => store.images_named(name)?,
        };
        for image in &images {
            refuse_if_used(store, name, image, args.platform.is_some())?;
        }
    }
    let several = if args.force {
        Unnamed::Force
    } else {
        Unnamed::Refuse
    };
    let removed = match &args.platform {
        Some(platform) => store.remove_platform(name, platform, several)?,
        None => store.remove_image(name, several)?,
    };
    let untagged = removed
        .untagged
        .iter()
        .map(|r| format!("Untagged: {}\n", r.familiar()));
    let deleted = removed.deleted.iter().map(|id| format!("Deleted: {id}\n"));
    output::result(&untagged.chain(deleted).collect::<String>())?;
    Ok(())
}

/// A container stands on the layers of its image, so the last name of that image stays.
fn refuse_if_used(
    store: &Store,
    name: &str,
    image: &Image,
    with_all_names: bool,
) -> Result<(), CommandError> {
    let by_name = name
        .parse()
        .is_ok_and(|r| store.tagged(&r).is_ok_and(|tag| tag.is_some()));
    if !with_all_names && by_name && store.references(image)?.len() > 1 {
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
