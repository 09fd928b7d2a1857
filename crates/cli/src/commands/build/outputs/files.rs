//! `type=local` and `type=tar`: the files of images, not the images.

use super::export::{Exported, written};
use super::{FilesDest, FilesOutput};
use crate::command_error::CommandError;
use builder::Outcome;
use std::path::Path;
use store::{Extraneous, Store, Timestamps, Tree};

/// Writes the files of all images.
pub(super) fn export(
    output: &FilesOutput,
    outcome: &Outcome,
    store: &Store,
) -> Result<Exported, CommandError> {
    let epoch = output.epoch.or(outcome.epoch);
    let timestamps = epoch.map_or(Timestamps::Kept, Timestamps::Set);
    let roots = output.split.roots(outcome, store)?;
    let trees: Vec<Tree<'_>> = roots
        .iter()
        .map(|(folder, root)| Tree {
            root,
            folder: folder.as_deref(),
            timestamps,
        })
        .collect();
    match &output.dest {
        FilesDest::Tar(dest) => written(dest.clone(), |out| {
            store::export_tar(&trees, out)?;
            Ok(())
        }),
        FilesDest::Folder(dir, extraneous) => folder(dir, *extraneous, &trees),
    }
}

fn folder(
    dir: &Path,
    extraneous: Extraneous,
    trees: &[Tree<'_>],
) -> Result<Exported, CommandError> {
    std::fs::create_dir_all(dir).map_err(|error| CommandError::file("create", dir, error))?;
    if extraneous == Extraneous::Deleted {
        check_deletable(dir)?;
    }
    let owner = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let exported = store::export_dir(trees, dir, owner, extraneous)?;
    Ok(Exported {
        to: Some(dir.display().to_string()),
        bytes: Some(exported.size),
        ..Exported::default()
    })
}

/// A slip of the pen must not delete the folder that somebody works in.
fn check_deletable(dir: &Path) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("examine", dir, error);
    let target = dir.canonicalize().map_err(failed)?;
    let here = std::env::current_dir()
        .and_then(|here| here.canonicalize())
        .map_err(failed)?;
    if here.starts_with(&target) {
        let message = format!(
            "mode=delete would empty {}, where you are or which you are in",
            dir.display()
        );
        return Err(CommandError::usage(message).hint("name a folder for the result alone"));
    }
    Ok(())
}
