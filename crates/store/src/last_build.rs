//! What the last build of something was made of, so that the next one can say what has changed.
//!
//! Each build that is told apart (a Dockerfile, a target, platforms) has a directory `builds/<hex>`: the file `steps`
//! describes its steps, and each list of files that a step names is a file of its own, which is written only when
//! there is another one. As with cache records nothing is synced, and whoever reads must be ready for anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::records::touch;
use crate::store::{Durability, read_small};
use crate::{Error, Store, hex};

/// The name of the description.
const STEPS: &str = "steps";

/// No description is longer than this.
const MAX_STEPS_SIZE: u64 = 32 << 20;

/// No list is longer than this: some 3 million files.
const MAX_LIST_SIZE: u64 = 256 << 20;

/// Builds that are remembered; of more, those that were not built for the longest time are forgotten.
const KEPT: usize = 200;

/// The memory of one build.
#[derive(Debug)]
pub struct LastBuild<'a> {
    store: &'a Store,
    directory: PathBuf,
}

/// A list that a description names: its key, and how it is written out if it is not there; `None` for one that only
/// stays if it is there.
pub type List<'l> = ([u8; 32], Option<&'l dyn Fn() -> Vec<u8>>);

impl Store {
    /// The memory of a build. Nothing is read or made as yet.
    #[must_use]
    pub fn last_build(&self, build: &[u8; 32]) -> LastBuild<'_> {
        LastBuild {
            store: self,
            directory: self.layout().builds().join(hex::encode(build)),
        }
    }
}

impl LastBuild<'_> {
    /// The description of its steps; `None` before the first time.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn steps(&self) -> Result<Option<Vec<u8>>, Error> {
        read_small(&self.directory.join(STEPS), MAX_STEPS_SIZE)
    }

    /// A list of files; `None` if it is not there any more.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn list(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, Error> {
        read_small(&self.directory.join(hex::encode(key)), MAX_LIST_SIZE)
    }

    /// Remembers a build, with all the lists that the description names; others are forgotten. Of two processes doing
    /// so at once the last one wins, and may miss a list.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    pub fn put(&self, steps: &[u8], lists: &[List<'_>]) -> Result<(), Error> {
        let path = self.directory.join(STEPS);
        if self.steps()?.is_some_and(|before| before == steps) {
            if let Ok(file) = fs::File::open(&path) {
                touch(&file);
            }
            return Ok(());
        }
        if !self.directory.is_dir() {
            self.forget_oldest();
            fs::create_dir_all(&self.directory).map_err(Error::io("create", &self.directory))?;
        }
        // The lists come first: a description names what is there.
        for (key, list) in lists {
            let path = self.directory.join(hex::encode(key));
            if let Some(list) = list
                && !path.exists()
            {
                self.store.write(&path, &list(), Durability::Cached)?;
            }
        }
        self.store.write(&path, steps, Durability::Cached)?;
        self.forget_lists(lists)
    }

    fn forget_lists(&self, but: &[List<'_>]) -> Result<(), Error> {
        let failed = |source| Error::io("list", &self.directory)(source);
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let named = but.iter().any(|(key, _)| name == hex::encode(key).as_str());
            if name != STEPS && !named {
                remove(&self.directory.join(name))?;
            }
        }
        Ok(())
    }

    /// Makes room for one more. What cannot be removed stays: it is only in the way.
    fn forget_oldest(&self) {
        let Some(Ok(entries)) = self.directory.parent().map(fs::read_dir) else {
            return;
        };
        let used = |path: &Path| {
            let metadata = fs::metadata(path.join(STEPS));
            metadata
                .and_then(|metadata| metadata.modified())
                .unwrap_or(SystemTime::UNIX_EPOCH)
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut builds: Vec<_> = paths.map(|path| (used(&path), path)).collect();
        builds.sort();
        let surplus = (builds.len() + 1).saturating_sub(KEPT);
        for (_, build) in builds.into_iter().take(surplus) {
            let _ = fs::remove_dir_all(build);
        }
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}
