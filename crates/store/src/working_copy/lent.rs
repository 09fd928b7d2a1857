//! Caches that are in a working copy while a step runs, and how they get home if that is interrupted.
//!
//! A directory can only be moved. Whoever is killed meanwhile leaves a note in the working copy's directory: what was
//! moved, from where, and where it is. It is read before that directory is swept away.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use rootfs::{Attributes, Dir, Root};
use serde::{Deserialize, Serialize};

use super::{FILES, make_dir, root};
use crate::store::{create_new, read_small};
use crate::{CacheMount, Error};

/// The notes, in a working copy's directory.
const LENT: &str = "lent";

/// No note is longer.
const MAX_NOTE: u64 = 64 * 1024;

/// What was moved.
#[derive(Debug, Serialize, Deserialize)]
struct Moved {
    /// The cache's directory.
    cache: PathBuf,
    /// The path in it; empty for itself.
    inside: PathBuf,
    /// Where it is, in the working copy.
    path: PathBuf,
    /// Its number in the file system, as a step may have put another in its place.
    number: u64,
}

/// A note that is yet to be written.
pub(super) struct Note {
    moved: Moved,
    file: PathBuf,
}

/// Where something comes from that is lent.
#[derive(Debug)]
pub(super) struct Home {
    dir: Dir,
    name: std::ffi::OsString,
    number: u64,
    attributes: Attributes,
    note: PathBuf,
}

impl Note {
    pub(super) fn new(
        cache: &CacheMount,
        inside: &Path,
        path: &Path,
        (copy, number): (&Path, &str),
    ) -> Self {
        let moved = Moved {
            cache: cache.path().to_owned(),
            inside: inside.strip_prefix("/").unwrap_or(inside).to_owned(),
            path: path.to_owned(),
            number: 0,
        };
        let file = copy.join(LENT).join(number);
        Self { moved, file }
    }

    fn write(&self) -> Result<(), Error> {
        use std::io::Write;
        if let Some(folder) = self.file.parent().filter(|folder| !folder.is_dir()) {
            make_dir(folder)?;
        }
        let bytes = serde_json::to_vec(&self.moved).map_err(std::io::Error::other);
        bytes
            .map_err(Error::io("write", &self.file))
            .and_then(|bytes| {
                let mut file = create_new(&self.file)?;
                file.write_all(&bytes)
                    .map_err(Error::io("write", &self.file))
            })
    }
}

impl Home {
    /// Moves a cache, or a directory in it, to a name that is free.
    pub(super) fn lend(
        mut note: Note,
        cache: &CacheMount,
        (to, new): (&Dir, &OsStr),
    ) -> Result<Self, Error> {
        let (dir, name) = home_of(cache.path(), &note.moved.inside)?;
        let found = dir.stat(&name).map_err(root)?;
        let found = found.ok_or_else(|| Error::NotLent {
            path: dir.path().join(&name),
        })?;
        note.moved.number = found.ino;
        note.write()?;
        dir.rename(&name, to, new).map_err(root)?;
        Ok(Self {
            dir,
            name,
            number: found.ino,
            attributes: Attributes::of(&found),
            note: note.file,
        })
    }

    /// Moves it back. What a step has removed or replaced comes back empty.
    pub(super) fn give_back(&self, (from, name): (&Dir, &OsStr)) -> Result<(), Error> {
        let there = from.stat(name).map_err(root)?;
        let back = match there.is_some_and(|found| found.ino == self.number) {
            true => from.rename(name, &self.dir, &self.name).map_err(root),
            false => {
                let made = self.dir.create_dir(&self.name, 0o700);
                made.and_then(|made| made.set_own_attributes(&self.attributes))
                    .map_err(root)
            }
        };
        back.and_then(|()| fs::remove_file(&self.note).map_err(Error::io("remove", &self.note)))
    }
}

/// The directory that something lent is at home in, and its name there.
fn home_of(cache: &Path, inside: &Path) -> Result<(Dir, std::ffi::OsString), Error> {
    match inside.as_os_str().is_empty() {
        true => {
            let above = Dir::open(cache.parent().unwrap_or(cache)).map_err(root)?;
            Ok((above, cache.file_name().unwrap_or_default().to_owned()))
        }
        false => {
            let cache = Root::open(cache).map_err(root)?;
            let inside = cache.resolve(inside, rootfs::FollowLast::Yes);
            inside
                .and_then(|inside| cache.parent_of(inside))
                .map_err(root)
        }
    }
}

/// Moves what killed processes have borrowed home again. `session` is a directory of `tmp/` that is about to be removed.
pub(crate) fn rescue(session: &Path) {
    for copy in entries(session) {
        for note in entries(&copy.join(LENT)) {
            // What cannot be brought home is a cache, and no more.
            let _ = bring_home(&copy.join(FILES), &note);
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn bring_home(files: &Path, note: &Path) -> Result<(), Error> {
    let bytes = read_small(note, MAX_NOTE)?.unwrap_or_default();
    let Ok(moved) = serde_json::from_slice::<Moved>(&bytes) else {
        return Ok(());
    };
    // A step has had its hands on this tree.
    let (from, name) = Root::open(files)
        .and_then(|files| files.parent_of(&moved.path))
        .map_err(root)?;
    let found = from.stat(&name).map_err(root)?;
    if !found.is_some_and(|found| found.is_dir() && found.ino == moved.number) {
        return Ok(());
    }
    let (home, own) = home_of(&moved.cache, &moved.inside)?;
    from.rename(&name, &home, own).map_err(root)
}
