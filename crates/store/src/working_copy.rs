//! A stack of snapshots as plain files: what steps work on where nothing can be mounted.
//!
//! A *working copy* is a directory with the files of a stack, copied from its snapshots (a file system that can share
//! blocks does). One step at a time works in it. What the step changed is found by comparing how all was before with how it
//! is now, and becomes the step's layer; then the copy is one of the longer stack, and the next step of the stage goes on
//! in it. To look into a stack a *view* is enough: the same directories, with hard links to the snapshots' files.

mod cover;
mod gather;
mod lent;
mod listing;
mod place;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rootfs::{Dir, Root};

pub use cover::{Covers, Guest};
pub(crate) use lent::rescue;
use listing::Listing;
use place::{By, Placer};

use crate::{Draft, Error, Snapshot, SnapshotId, Store};

/// The files of a working copy, in its directory.
const FILES: &str = "files";

/// So many copies are kept for steps to come: each takes as much as an image.
const KEPT: usize = 3;

/// What a store has in the place of mounts.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// Copies that no step works in, the latest last.
    idle: Mutex<Vec<WorkingCopy>>,
    views: Mutex<Vec<(Vec<SnapshotId>, PathBuf)>>,
}

/// A directory of this process's in `tmp/`: the files, and beside them what belongs to the step that runs.
#[derive(Debug)]
pub(crate) struct WorkingCopy {
    path: PathBuf,
    stack: Vec<SnapshotId>,
    /// How its files are, once that was looked at.
    listing: Option<Listing>,
}

/// The working copy of a draft. It is removed with the draft, unless it is taken out before.
#[derive(Debug)]
pub(crate) struct Worked {
    store: Store,
    copy: Option<WorkingCopy>,
}

impl Store {
    /// From now on stacks are not mounted: who writes gets a working copy, and who reads a tree of hard links.
    pub fn use_copies(&self) {
        self.copies().get_or_init(Copies::default);
    }

    /// Whether stacks are copied instead of mounted.
    #[must_use]
    pub fn uses_copies(&self) -> bool {
        self.copies().get().is_some()
    }

    /// A tree to look into. It must not be written to: its files are the snapshots' own.
    pub(crate) fn view(&self, copies: &Copies, stack: &[Snapshot]) -> Result<Root, Error> {
        let ids: Vec<SnapshotId> = stack.iter().map(|snapshot| snapshot.id().clone()).collect();
        let mut views = copies.views.lock().expect("no thread panics with it");
        if let Some((_, path)) = views.iter().find(|(known, _)| *known == ids) {
            return Root::open(path).map_err(root);
        }
        let path = self.temporary_path()?;
        make_dir(&path)?;
        for snapshot in stack {
            Placer::new(&path, By::Linking)?.apply(&snapshot.dir())?;
        }
        views.push((ids, path.clone()));
        Root::open(&path).map_err(root)
    }

    /// The root of a draft's working copy, which is made if it has none.
    pub(crate) fn work_in_copy(
        &self,
        copies: &Copies,
        stack: &[Snapshot],
        draft: &Draft,
    ) -> Result<Root, Error> {
        let mut worked = draft.worked();
        let worked = match &mut *worked {
            Some(worked) => worked,
            none => none.insert(Worked {
                store: self.clone(),
                copy: Some(self.working_copy(copies, stack)?),
            }),
        };
        match &worked.copy {
            Some(copy) => Root::open(copy.files()).map_err(root),
            None => Err(Error::NoWorkingCopy),
        }
    }

    /// A copy of a stack that nobody else works in, and how it is.
    fn working_copy(&self, copies: &Copies, stack: &[Snapshot]) -> Result<WorkingCopy, Error> {
        let mut copy = match copies.take(stack) {
            Some(copy) => copy,
            None => WorkingCopy::new(self.temporary_path()?)?,
        };
        let known = copy.stack.len();
        for snapshot in &stack[known..] {
            copy.listing = None;
            Placer::new(&copy.files(), By::Copying)?.apply(&snapshot.dir())?;
            copy.stack.push(snapshot.id().clone());
        }
        let listing = match copy.listing.take() {
            Some(listing) => listing,
            None => Listing::of(&Dir::open(copy.files()).map_err(root)?).map_err(root)?,
        };
        // A change within the same tick of the kernel's clock would not show.
        listing.outlast();
        copy.listing = Some(listing);
        Ok(copy)
    }
}

impl Copies {
    /// The copy that has the most of a stack, and nothing else.
    fn take(&self, stack: &[Snapshot]) -> Option<WorkingCopy> {
        let mut idle = self.idle.lock().expect("no thread panics with it");
        let fitting = idle.iter().enumerate().filter(|(_, copy)| {
            copy.stack.len() <= stack.len()
                && copy
                    .stack
                    .iter()
                    .zip(stack)
                    .all(|(known, snapshot)| known == snapshot.id())
        });
        let (at, _) = fitting.max_by_key(|(_, copy)| copy.stack.len())?;
        Some(idle.remove(at))
    }

    /// Keeps a copy for the next step, and answers one that is too many.
    fn keep(&self, copy: WorkingCopy) -> Option<WorkingCopy> {
        let mut idle = self.idle.lock().expect("no thread panics with it");
        idle.push(copy);
        (idle.len() > KEPT).then(|| idle.remove(0))
    }
}

impl WorkingCopy {
    fn new(path: PathBuf) -> Result<Self, Error> {
        make_dir(&path)?;
        let copy = Self {
            path,
            stack: Vec::new(),
            listing: None,
        };
        make_dir(&copy.files())?;
        Ok(copy)
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }

    /// What belongs to the step that runs.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Worked {
    /// Where the copy is, while there is one.
    pub(crate) fn copy(&self) -> Option<&WorkingCopy> {
        self.copy.as_ref()
    }

    /// Puts what a step changed into `layer`. How all is now becomes how it was before the next step.
    pub(crate) fn gather(&mut self, layer: &Path) -> Result<(), Error> {
        let Some(copy) = &mut self.copy else {
            return Ok(());
        };
        let before = copy.listing.take().unwrap_or_default();
        let files = Dir::open(copy.files()).map_err(root)?;
        copy.listing = Some(gather::gather(&files, &before, layer)?);
        Ok(())
    }

    /// The copy has this layer, too, and is free for the next step.
    pub(crate) fn give_back(mut self, layer: &SnapshotId) {
        let (Some(mut copy), Some(copies)) = (self.copy.take(), self.store.copies().get()) else {
            return;
        };
        copy.stack.push(layer.clone());
        if let Some(old) = copies.keep(copy) {
            self.store.reaper().remove(&old.path);
        }
    }
}

impl Drop for Worked {
    fn drop(&mut self) {
        if let Some(copy) = self.copy.take() {
            self.store.reaper().remove(&copy.path);
        }
    }
}

fn make_dir(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().mode(0o755).create(path);
    made.map_err(Error::io("create", path))
}

fn root(source: rootfs::Error) -> Error {
    Error::Root { source }
}
