//! From what a step changed in a working copy to its layer, as overlayfs would have left it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rootfs::{Dir, Metadata};

use super::listing::{Listed, Listing};
use super::place::{By, Into, Placer, copy_own};
use super::root;
use crate::Error;

/// Puts what is not as in `before` into the directory `layer`, which is empty, and answers how all is now.
///
/// More may be put there than changed: whoever makes a layer's tar leaves out what is as it is below
/// ([`Changes`](crate::Changes)).
pub(super) fn gather(files: &Dir, before: &Listing, layer: &Path) -> Result<Listing, Error> {
    let top = Dir::open(layer).map_err(root)?;
    let mut gatherer = Gatherer {
        levels: vec![Level {
            name: OsString::new(),
            made: Some(top),
        }],
        placer: Placer::new(layer, By::Copying)?,
    };
    let now = gatherer.directory(files, Some(before))?;
    gatherer.leave(files)?;
    Ok(now)
}

struct Gatherer {
    /// The directories from the top to the one that is looked at.
    levels: Vec<Level>,
    placer: Placer,
}

/// A directory on the way.
struct Level {
    name: OsString,
    /// Its place in the layer, once something came there.
    made: Option<Dir>,
}

impl Gatherer {
    fn directory(&mut self, dir: &Dir, before: Option<&Listing>) -> Result<Listing, Error> {
        let mut now = Listing::default();
        for entry in dir.entries().map_err(root)? {
            let Some(metadata) = dir.stat(&entry.name).map_err(root)? else {
                continue;
            };
            let old = before.and_then(|before| before.names.get(&entry.name));
            let inside = match metadata.is_dir() {
                true => Some(self.enter(dir, &entry.name, (&metadata, old))?),
                false => {
                    self.file(dir, &entry.name, (&metadata, old))?;
                    None
                }
            };
            now.names.insert(entry.name, Listed::new(&metadata, inside));
        }
        for name in before.into_iter().flat_map(|before| before.names.keys()) {
            if !now.names.contains_key(name) {
                self.upper()?.whiteout(name).map_err(root)?;
            }
        }
        Ok(now)
    }

    fn enter(
        &mut self,
        dir: &Dir,
        name: &OsStr,
        (metadata, old): (&Metadata, Option<&Listed>),
    ) -> Result<Listing, Error> {
        self.levels.push(Level {
            name: name.to_owned(),
            made: None,
        });
        if !old.is_some_and(|old| old.looks_like(metadata)) {
            self.upper()?;
        }
        let dir = dir.open_dir(name).map_err(root)?;
        let now = self.directory(&dir, old.and_then(|old| old.inside.as_ref()))?;
        self.leave(&dir)?;
        Ok(now)
    }

    /// The directory that was looked at is done; its time changes no more.
    fn leave(&mut self, dir: &Dir) -> Result<(), Error> {
        match self.levels.pop().and_then(|level| level.made) {
            Some(made) => copy_own(dir, &made),
            None => Ok(()),
        }
    }

    fn file(
        &mut self,
        dir: &Dir,
        name: &OsStr,
        (metadata, old): (&Metadata, Option<&Listed>),
    ) -> Result<(), Error> {
        if old.is_some_and(|old| old.is(metadata)) {
            return Ok(());
        }
        // A step can make what stands for a deleted name. It deletes what was there.
        if metadata.is_whiteout() {
            return match old {
                Some(_) => self.upper()?.whiteout(name).map_err(root),
                None => Ok(()),
            };
        }
        let path: PathBuf = self.levels.iter().map(|level| &level.name).collect();
        let path = Path::new("/").join(path);
        let dir_in_layer = self.upper()?.try_clone().map_err(root)?;
        let into = Into {
            dir: &dir_in_layer,
            path: &path,
        };
        self.placer.file((dir, name), metadata, into)
    }

    /// The place in the layer of the directory that is looked at.
    fn upper(&mut self) -> Result<&Dir, Error> {
        let last = self.levels.len() - 1;
        for at in 1..=last {
            if self.levels[at].made.is_none() {
                let above = self.levels[at - 1].made.as_ref();
                let above = above.expect("those above were made before");
                let made = above.create_dir(&self.levels[at].name, 0o700);
                self.levels[at].made = Some(made.map_err(root)?);
            }
        }
        let last = self.levels[last].made.as_ref();
        Ok(last.expect("it was made just now, and the top is always there"))
    }
}
