//! What lies over a part of a working copy while a step runs, as a mount would.
//!
//! What has the place is put aside, and comes back afterwards; times of directories are as if nothing had happened. The
//! step may have done anything to the tree meanwhile, so nothing of it is looked up again: directories are held open.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use rootfs::{Attributes, Dir, FollowLast, MakeDir, Root, Time};

use super::lent::{Home, Note};
use super::place::copy_tree;
use super::{make_dir, root};
use crate::{CacheMount, Draft, Error};

/// What was in the place of something else, in a working copy's directory.
const ASIDE: &str = "aside";

/// Directories that have to be made belong to root.
const ROOTS: MakeDir = MakeDir {
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: None,
};

/// What is seen at a place while a step runs. Whatever the step does to it is lost, but for what is lent.
#[derive(Debug)]
pub enum Guest<'a> {
    /// An empty directory of root's, with these permissions.
    Directory {
        /// Permissions.
        mode: u32,
    },
    /// A file.
    File {
        /// Its content.
        content: &'a [u8],
        /// Permissions.
        mode: u32,
        /// Owner and group.
        owner: (u32, u32),
    },
    /// A copy of a file or a directory.
    Copy {
        /// The tree that it is in.
        from: &'a Root,
        /// Its path there.
        path: &'a Path,
    },
    /// The directory of a cache, or one in it: moved here, and back afterwards. If this process is killed the next one that
    /// opens the store moves it back.
    Lent {
        /// The cache, which nobody else uses.
        cache: &'a CacheMount,
        /// The path in it.
        path: &'a Path,
    },
    /// A further name of a file of the store's file system.
    Name {
        /// The file.
        path: &'a Path,
    },
    /// A symbolic link to another place of the same tree.
    Link {
        /// Where to.
        target: &'a Path,
    },
}

/// All that lies over a draft's working copy. Dropping it takes everything away.
#[derive(Debug)]
pub struct Covers {
    files: Root,
    aside: Dir,
    /// The working copy's directory.
    copy: PathBuf,
    placed: Vec<Placed>,
}

/// A place that is covered.
#[derive(Debug)]
struct Placed {
    parent: Dir,
    name: OsString,
    /// Whether something was there, which is aside under this cover's number.
    number: Option<String>,
    home: Option<Home>,
    /// Directories that were made on the way, the innermost last.
    made: Vec<(Dir, OsString)>,
}

impl Draft {
    /// The means to cover parts of the draft's working copy.
    ///
    /// # Errors
    /// [`Error::NoWorkingCopy`] if it is not mounted, or as an overlay; [`Error::Io`], [`Error::Root`].
    pub fn covers(&self) -> Result<Covers, Error> {
        let worked = self.worked();
        let copy = worked.as_ref().and_then(super::Worked::copy);
        let copy = copy.ok_or(Error::NoWorkingCopy)?;
        // A step before may have removed where something in it belonged.
        let aside = copy.path().join(ASIDE);
        rootfs::remove_tree(&aside).map_err(root)?;
        make_dir(&aside)?;
        Ok(Covers {
            files: Root::open(copy.files()).map_err(root)?,
            aside: Dir::open(aside).map_err(root)?,
            copy: copy.path().to_owned(),
            placed: Vec::new(),
        })
    }
}

impl Covers {
    /// Puts something over the absolute path `target`, whose links are followed inside the tree. Directories on the way
    /// are made if they are missing.
    ///
    /// # Errors
    /// [`Error::CoversAll`] for the root itself; [`Error::Root`], [`Error::Io`].
    pub fn put(&mut self, target: &Path, guest: &Guest<'_>) -> Result<(), Error> {
        let path = self.files.resolve(target, FollowLast::Yes).map_err(root)?;
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::CoversAll);
        };
        let made = self.make_way(above)?;
        let parent = self.files.open_dir(above).map_err(root)?;
        let number = self.placed.len().to_string();
        let mut placed = Placed {
            number: None,
            home: None,
            made,
            name: name.to_owned(),
            parent,
        };
        let time = placed.time()?;
        placed.put_aside(&self.aside, &number)?;
        let came = match guest {
            Guest::Lent { cache, path: part } => {
                let note = Note::new(cache, part, &path, (&self.copy, &number));
                placed.borrow(note, cache)
            }
            guest => bring(guest, &placed.parent, name),
        };
        let kept = placed.set_time(time);
        self.placed.push(placed);
        came.and(kept)
    }

    /// Makes the directories that are missing on the way to a place.
    fn make_way(&self, above: &Path) -> Result<Vec<(Dir, OsString)>, Error> {
        let there = above
            .ancestors()
            .find_map(|path| self.files.open_dir(path).ok());
        let time = there
            .as_ref()
            .map(|dir| dir.metadata().map(|found| found.mtime));
        let made = self.files.create_dir_all(above, &ROOTS).map_err(root)?;
        if let (Some(dir), Some(time), false) = (there, time, made.is_empty()) {
            set_time(&dir, time.map_err(root)?)?;
        }
        made.iter()
            .map(|path| self.files.parent_of(path).map_err(root))
            .collect()
    }

    /// Takes everything away, the last first.
    ///
    /// # Errors
    /// The first that there is; what can be taken away is.
    pub fn lift(mut self) -> Result<(), Error> {
        self.lift_all()
    }

    fn lift_all(&mut self) -> Result<(), Error> {
        let mut done = Ok(());
        while let Some(placed) = self.placed.pop() {
            done = done.and(placed.lift(&self.aside));
        }
        done
    }
}

impl Drop for Covers {
    fn drop(&mut self) {
        // Whoever wants to know lifts them; the tree is not used any more.
        let _ = self.lift_all();
    }
}

impl Placed {
    fn time(&self) -> Result<Time, Error> {
        Ok(self.parent.metadata().map_err(root)?.mtime)
    }

    fn set_time(&self, time: Time) -> Result<(), Error> {
        set_time(&self.parent, time)
    }

    /// Moves what has the name, if anything, to where it does not meet anybody.
    fn put_aside(&mut self, aside: &Dir, number: &str) -> Result<(), Error> {
        if self.parent.stat(&self.name).map_err(root)?.is_some() {
            let moved = self.parent.rename(&self.name, aside, number);
            moved.map_err(root)?;
            self.number = Some(number.to_owned());
        }
        Ok(())
    }

    fn borrow(&mut self, note: Note, cache: &CacheMount) -> Result<(), Error> {
        self.home = Some(Home::lend(note, cache, (&self.parent, &self.name))?);
        Ok(())
    }

    fn lift(self, aside: &Dir) -> Result<(), Error> {
        let time = self.time()?;
        let back = match &self.home {
            Some(home) => home.give_back((&self.parent, &self.name)),
            None => Ok(()),
        };
        self.parent.remove_tree(&self.name).map_err(root)?;
        if let Some(number) = &self.number {
            match aside.rename(number, &self.parent, &self.name) {
                // The step has removed the whole directory, and with it what was there.
                Err(e) if is_missing(&e) => {}
                moved => moved.map_err(root)?,
            }
        }
        self.set_time(time)?;
        for (dir, name) in self.made.iter().rev() {
            let time = dir.metadata().map_err(root)?.mtime;
            // What the step has put something into stays, as under a mount.
            if dir.remove_dir(name).is_ok() {
                set_time(dir, time)?;
            }
        }
        back
    }
}

/// Brings what is not lent to a name that is free.
fn bring(guest: &Guest<'_>, dir: &Dir, name: &OsStr) -> Result<(), Error> {
    match guest {
        Guest::Directory { mode } => {
            let made = dir.create_dir(name, 0o700).map_err(root)?;
            let attributes = Attributes {
                mode: Some(*mode),
                ..Attributes::default()
            };
            made.set_own_attributes(&attributes).map_err(root)
        }
        Guest::File {
            content,
            mode,
            owner,
        } => {
            let file = dir.create_file(name, 0o600).map_err(root)?;
            let attributes = Attributes {
                mode: Some(*mode),
                owner: Some(*owner),
                mtime: None,
            };
            (&file)
                .write_all(content)
                .and_then(|()| attributes.apply_to(&file))
                .map_err(Error::io("write", &dir.path().join(name)))
        }
        Guest::Copy { from, path } => {
            let path = from.resolve(path, FollowLast::Yes).map_err(root)?;
            match from.parent_of(&path) {
                Ok((source, old)) => copy_tree((&source, &old), (dir, name)),
                // All of it.
                Err(_) => super::place::copy_all(&from.open_dir("/").map_err(root)?, (dir, name)),
            }
        }
        Guest::Name { path } => {
            let (parent, old) = (path.parent(), path.file_name().unwrap_or_default());
            let parent = Dir::open(parent.unwrap_or(path)).map_err(root)?;
            parent.link(old, dir, name).map_err(root)
        }
        Guest::Link { target } => dir.symlink(name, target).map_err(root),
        Guest::Lent { .. } => unreachable!("the caller looked"),
    }
}

fn set_time(dir: &Dir, time: Time) -> Result<(), Error> {
    let attributes = Attributes {
        mtime: Some(time),
        ..Attributes::default()
    };
    dir.set_own_attributes(&attributes).map_err(root)
}

fn is_missing(error: &rootfs::Error) -> bool {
    error.io_kind() == Some(std::io::ErrorKind::NotFound)
}
