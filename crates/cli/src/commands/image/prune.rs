//! `carafe image prune`.

use crate::command_error::CommandError;
use crate::commands::images::filter::{ImageFilter, condition};
use crate::commands::prune::{asked, total};
use crate::config::Config;
use crate::container::directory::Containers;
use crate::exit::Exit;
use crate::output;
use store::Store;

/// Remove images that nobody needs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Those with a name too, if no container uses them
    #[arg(short, long)]
    all: bool,
    /// Remove those for which this holds: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE], dangling=BOOL
    #[arg(long, value_name = "KEY=VALUE", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

/// Which images go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those without a name.
    Dangling,
    /// Those that no container uses.
    Unused,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    // As with docker: a `dangling=false` is `--all`.
    let named = args.filter.iter().any(|(key, value)| {
        key == "dangling"
            && matches!(
                value.as_str(),
                "false" | "0" | "f" | "F" | "FALSE" | "False"
            )
    });
    let which = if args.all || named {
        Which::Unused
    } else {
        Which::Dangling
    };
    let mut filter = args.filter.clone();
    filter.retain(|(key, _)| key != "dangling");
    ImageFilter::new(&args.filter, &["dangling", "label", "until"], &store)?;
    let warning = match which {
        Which::Dangling => "This will remove all images without a name.",
        Which::Unused => "This will remove all images that no container uses.",
    };
    if !args.force && !asked(warning)? {
        return Ok(Exit::Success);
    }
    let (text, freed) = prune_images(&store, which, &filter)?;
    output::result(&(text + &total(freed)))?;
    Ok(Exit::Success)
}

/// Removes images; the lines that say so, and the bytes that gave back.
pub(crate) fn prune_images(
    store: &Store,
    which: Which,
    conditions: &[(String, String)],
) -> Result<(String, u64), CommandError> {
    let filter = ImageFilter::new(conditions, &["label", "until"], store)?;
    let containers = Containers::new(store).list()?;
    let mut text = String::new();
    let mut ids = Vec::new();
    for image in store.images()? {
        let id = image.image.id.clone();
        let of_it = id.to_string();
        let used = containers
            .iter()
            .any(|container| container.record.image_id == of_it);
        if used || (which == Which::Dangling && !image.references.is_empty()) {
            continue;
        }
        let Some(image) = filter.select(store, image)? else {
            continue;
        };
        for reference in &image.references {
            store.untag(reference)?;
            text += &format!("untagged: {}\n", reference.familiar());
        }
        ids.push(id);
    }
    let pruned = store.remove_unnamed(&ids)?;
    let deleted = pruned.images.iter().map(|id| format!("deleted: {id}\n"));
    text.extend(deleted);
    if !text.is_empty() {
        text = format!("Deleted Images:\n{text}\n");
    }
    Ok((text, pruned.freed))
}
