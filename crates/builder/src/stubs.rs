//! Mount points that an image lacks.
//!
//! A process needs `/proc`, `/dev`, `/etc/resolv.conf` and the targets of its mounts to be there.
//! Making them in the image's own layer and cleaning up afterwards leaves traces and has been
//! attacked (CVE-2024-23652). Here they are made in a layer of their own that is laid on top of
//! the image's layers for this one process, and is thrown away; the directories on the way look as
//! those in the image do. What the process writes goes to the layer above.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use rootfs::{Attributes, Dir, FollowLast, Metadata, Union};

use crate::Error;

/// A mount point that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// Absolute path.
    pub path: PathBuf,
    /// Whether a directory is needed; else a file.
    pub directory: bool,
}

/// Whether a stack of layers has all mount points.
///
/// # Errors
/// When the layers cannot be read.
pub fn complete(union: &Union, stubs: &[Stub]) -> Result<bool, Error> {
    for stub in stubs.iter().filter(|stub| !in_own_mount(&stub.path)) {
        if union.lookup(&stub.path, FollowLast::Yes)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the paths of all mount points mean what they say: no link is on the way to one.
///
/// # Errors
/// When the layers cannot be read.
pub fn are_plain(union: &Union, stubs: &[Stub]) -> Result<bool, Error> {
    for stub in stubs.iter().filter(|stub| !in_own_mount(&stub.path)) {
        let path = match union.lookup(&stub.path, FollowLast::Yes)? {
            Some(found) => found.path,
            None => resolve(union, &stub.path)?,
        };
        if path != stub.path {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a path lies in a file system that every process gets afresh.
fn in_own_mount(path: &Path) -> bool {
    ["/dev", "/proc", "/sys"]
        .iter()
        .any(|own| path.starts_with(own) && path != Path::new(own))
}

/// Makes those of `stubs` that a stack of layers lacks in the directory `layer`, which is empty.
///
/// # Errors
/// When the layers cannot be read, or `layer` cannot be written.
pub fn make(union: &Union, stubs: &[Stub], layer: &Path) -> Result<(), Error> {
    for stub in stubs.iter().filter(|stub| !in_own_mount(&stub.path)) {
        if union.lookup(&stub.path, FollowLast::Yes)?.is_none() {
            make_one(union, &resolve(union, &stub.path)?, stub.directory, layer)?;
        }
    }
    if let Some(top) = union.lookup("/", FollowLast::No)? {
        Dir::open(layer)?.set_own_attributes(&Attributes::of(&top.metadata))?;
    }
    Ok(())
}

/// Follows the links in that part of a path that is there.
fn resolve(union: &Union, path: &Path) -> Result<PathBuf, Error> {
    for there in path.ancestors().skip(1) {
        if let Some(found) = union.lookup(there, FollowLast::Yes)? {
            let rest = path.strip_prefix(there).expect("it is an ancestor");
            return Ok(found.path.join(rest));
        }
    }
    Ok(path.to_owned())
}

fn make_one(union: &Union, path: &Path, directory: bool, layer: &Path) -> Result<(), Error> {
    let mut dir = Dir::open(layer)?;
    let mut at = PathBuf::from("/");
    let names: Vec<OsString> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            _ => None,
        })
        .collect();
    // The times of a directory change with what is made in it, so they are set on the way back.
    let mut parents: Vec<(Dir, OsString, Metadata)> = Vec::new();
    for (depth, name) in names.iter().enumerate() {
        at.push(name);
        let last = depth + 1 == names.len();
        if last && !directory {
            if dir.stat(name)?.is_none() {
                dir.create_file(name, 0o644)?;
            }
            break;
        }
        if dir.stat(name)?.is_none() {
            dir.mkdir(name, 0o755)?;
        }
        if let Some(found) = union.lookup(&at, FollowLast::No)? {
            parents.push((dir.try_clone()?, name.clone(), found.metadata));
        }
        dir = dir.open_dir(name)?;
    }
    for (parent, name, metadata) in parents.iter().rev() {
        parent.set_attributes(name, &Attributes::of(metadata))?;
    }
    Ok(())
}
