//! Copying a tree of files by held directories: no link is followed, so that nothing leads out of either side.

use crate::command_error::CommandError;
use rootfs::{Attributes, Dir, FileKind, Metadata, Node, copy_contents};
use std::ffi::OsStr;
use std::path::Path;

/// Whose the copies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// As in the original.
    Kept,
    /// Of whom copies: of root, in a container.
    Caller,
}

/// Copies all that is in `from` into `to`, and gives `to` the attributes of `from`.
pub(crate) fn contents(from: &Dir, to: &Dir, owner: Owner) -> Result<(), CommandError> {
    for entry in from.entries()? {
        one(from, &entry.name, to, &entry.name, owner)?;
    }
    for (key, value) in from.xattrs()?.iter() {
        // What cannot be had there (another file system, no privilege) is left out.
        let _ = to.set_xattr(key, value);
    }
    to.set_own_attributes(&attributes(&from.metadata()?, owner))?;
    Ok(())
}

/// Copies `name` of `from` as `new` into `to`. A directory that is there already gets what is missing; any other file is
/// replaced.
pub(crate) fn one(
    from: &Dir,
    name: &OsStr,
    to: &Dir,
    new: &OsStr,
    owner: Owner,
) -> Result<(), CommandError> {
    let path = from.path().join(name);
    let Some(metadata) = from.stat(name)? else {
        return Err(CommandError::new(format!(
            "{} is not there any more",
            path.display()
        )));
    };
    if let Some(there) = to.stat(new)? {
        match (
            metadata.kind == FileKind::Directory,
            there.kind == FileKind::Directory,
        ) {
            (true, true) => return contents(&from.open_dir(name)?, &to.open_dir(new)?, owner),
            (false, false) => to.remove_file(new)?,
            (true, false) => return Err(in_the_way("a directory", &path, "a file", to, new)),
            (false, true) => return Err(in_the_way("a file", &path, "a directory", to, new)),
        }
    }
    match metadata.kind {
        FileKind::Directory => {
            to.mkdir(new, 0o700)?;
            return contents(&from.open_dir(name)?, &to.open_dir(new)?, owner);
        }
        FileKind::File => {
            let source = from.open_file(name)?;
            let copy = to.create_file(new, 0o600)?;
            copy_contents(&source, &copy)
                .map_err(|error| CommandError::file("copy", &path, error))?;
        }
        FileKind::Symlink => to.symlink(new, from.read_link(name)?)?,
        FileKind::Fifo => to.mknod(new, Node::Fifo, 0o600)?,
        FileKind::Char => {
            let (major, minor) = metadata.rdev;
            to.mknod(new, Node::Char(major, minor), 0o600)?;
        }
        FileKind::Block => {
            let (major, minor) = metadata.rdev;
            to.mknod(new, Node::Block(major, minor), 0o600)?;
        }
        // A socket is of no use without who listens.
        FileKind::Socket => return Ok(()),
    }
    to.set_attributes(new, &attributes(&metadata, owner))?;
    if metadata.kind != FileKind::Symlink {
        for (key, value) in from.xattrs_of(name)?.iter() {
            let _ = to.set_xattr_of(new, key, value);
        }
    }
    Ok(())
}

fn attributes(metadata: &Metadata, owner: Owner) -> Attributes {
    let kept = Attributes::of(metadata);
    match owner {
        Owner::Kept => kept,
        Owner::Caller => Attributes {
            owner: Some((0, 0)),
            ..kept
        },
    }
}

fn in_the_way(what: &str, from: &Path, other: &str, to: &Dir, new: &OsStr) -> CommandError {
    let place = to.path().join(new);
    CommandError::new(format!(
        "cannot copy {what}, {}, over {other}, {}",
        from.display(),
        place.display()
    ))
}
