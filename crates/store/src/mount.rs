//! Stacks of snapshots as one tree.

use std::io;
use std::path::{Path, PathBuf};

use rootfs::{Dir, Overlay, Root, Union, Upper};

use crate::{Draft, Error, Snapshot, Store};

impl Store {
    /// Mounts a stack of snapshots, the bottom one first: writable if there is a draft to take the changes, and with
    /// the directory `stub` between them, where a step brings mount points that the image does not have.
    ///
    /// Where mounts are refused ([`Store::use_copies`]) it is the draft's working copy, or a tree that must not be
    /// written to, and has no use for `stub`.
    ///
    /// The mount is attached nowhere and ends with the last descriptor of it, see [`Overlay::mount`]. A draft must not
    /// be mounted twice at a time.
    ///
    /// # Errors
    /// [`Error::Root`] with what the kernel says; [`Error::Io`].
    pub fn mount(
        &self,
        stack: &[Snapshot],
        draft: Option<&Draft>,
        stub: Option<&Path>,
    ) -> Result<Root, Error> {
        match (self.copies().get(), draft) {
            (Some(copies), Some(draft)) => return self.work_in_copy(copies, stack, draft),
            (Some(copies), None) => return self.view(copies, stack),
            (None, _) => {}
        }
        let mut lowers: Vec<PathBuf> = stub.into_iter().map(Path::to_owned).collect();
        lowers.extend(stack.iter().rev().map(Snapshot::dir));
        // The kernel wants one lower directory below an upper one, and two without.
        while lowers.len() < 2 - usize::from(draft.is_some()) {
            lowers.push(self.empty_dir()?);
        }
        let upper = match draft {
            Some(draft) => Some(self.upper(draft, stack.last())?),
            None => None,
        };
        let overlay = Overlay { lowers, upper };
        let mounted = match (Overlay::needs_mount_point(), draft) {
            (false, _) => overlay.mount(),
            (true, Some(draft)) => overlay.mount_through(&draft.mount_point()?),
            (true, None) => overlay.mount_through(self.draft()?.mount_point()?.as_path()),
        };
        mounted
            .map(Root::from_fd)
            .map_err(|source| Error::Root { source })
    }

    /// A stack of snapshots, the bottom one first, to look into without mounting it.
    ///
    /// # Errors
    /// [`Error::Root`] if a snapshot cannot be opened.
    pub fn union(&self, stack: &[Snapshot]) -> Result<Union, Error> {
        Union::open(stack.iter().rev().map(Snapshot::dir)).map_err(|source| Error::Root { source })
    }

    fn upper(&self, draft: &Draft, below: Option<&Snapshot>) -> Result<Upper, Error> {
        let upper = Upper {
            dir: draft.dir(),
            work: draft.fresh_work()?,
        };
        if let Some(below) = below {
            adopt_root(&below.dir(), &upper.dir).map_err(|source| Error::Root { source })?;
        }
        Ok(upper)
    }

    /// A directory with nothing in it, for as long as this process has the store open.
    fn empty_dir(&self) -> Result<PathBuf, Error> {
        let path = self.temporary_path()?;
        match std::fs::create_dir(&path) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::io("create", &path)(e))
            }
            _ => Ok(path),
        }
    }
}

/// The tree's root looks as its upper directory does: a fresh one takes over what the root of the stack is.
fn adopt_root(below: &Path, upper: &Path) -> Result<(), rootfs::Error> {
    let upper = Dir::open(upper)?;
    match upper.entries()?.is_empty() {
        true => rootfs::adopt_root(&Dir::open(below)?, &upper),
        // Mounted before: a step may have changed the root.
        false => Ok(()),
    }
}
