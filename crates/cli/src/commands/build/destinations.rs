//! Where results go, looked at before anything is built: a build may take long, and a slip of the pen shows at once.

use super::flags::Args;
use super::outputs::{self, FilesDest, Form, Output};
use crate::command_error::CommandError;
use rustix::io::Errno;
use std::path::Path;

/// Finds files that cannot be written because a folder is missing, or because one is where they belong.
pub(super) fn check(args: &Args) -> Result<(), CommandError> {
    let outputs = outputs::read(args)?;
    let folders: Vec<&Path> = outputs.iter().filter_map(folder).collect();
    for dir in &folders {
        if dir.exists() && !dir.is_dir() {
            return Err(CommandError::file("write to", dir, Errno::NOTDIR));
        }
    }
    let results = [&args.iidfile, &args.metadata_file];
    let results = results.into_iter().filter_map(|path| path.as_deref());
    for path in outputs.iter().filter_map(file).chain(results) {
        check_file(path, &folders)?;
    }
    Ok(())
}

/// `folders` are made by the outputs themselves.
fn check_file(path: &Path, folders: &[&Path]) -> Result<(), CommandError> {
    let failed = |errno: Errno| CommandError::file("write", path, errno);
    if path.is_dir() {
        return Err(failed(Errno::ISDIR));
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    let is_here = parent.as_os_str().is_empty() || parent.is_dir();
    // What an output makes may also hold the folder: the files of the last stage.
    let is_made = |folder: &&Path| folder.starts_with(parent) || parent.starts_with(folder);
    if is_here || folders.iter().any(is_made) {
        return Ok(());
    }
    let hint = format!("make the folder {} first", parent.display());
    Err(failed(Errno::NOENT).hint(hint))
}

fn folder(output: &Output) -> Option<&Path> {
    match output {
        Output::Archive(archive) if archive.form == Form::Directory => archive.dest.as_deref(),
        Output::Files(files) => match &files.dest {
            FilesDest::Folder(dir, _) => Some(dir),
            FilesDest::Tar(_) => None,
        },
        _ => None,
    }
}

fn file(output: &Output) -> Option<&Path> {
    match output {
        Output::Archive(archive) if archive.form == Form::Tar => archive.dest.as_deref(),
        Output::Files(files) => match &files.dest {
            FilesDest::Tar(dest) => dest.as_deref(),
            FilesDest::Folder(..) => None,
        },
        _ => None,
    }
}
