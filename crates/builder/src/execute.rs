//! Doing what steps say.

mod bind;
mod chroot;
mod copy;
mod emulations;
mod inspect;
mod mount_points;
mod pack;
mod place;
mod run;
mod surroundings;
mod workdir;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

pub(crate) use bind::cache_identity;
use emulations::Emulations;
use mount_points::MountPoints;
pub(crate) use pack::Seen;
use pack::Unfilled;
use rootfs::Root;
use store::{Draft, SnapshotId, SnapshotMeta};

use crate::base::BaseImage;
use crate::cache::MountImporter;
use crate::notice::Notice;
use crate::schedule::{Made, Schedule};
use crate::select::{Digests, Selection, Tree};
use crate::step::{CopyOperation, Filesystem, Operation, Source, Step, StepId};
use crate::times::Normalise;
use crate::{Environment, Error, Event, Options};

/// Executes steps, one at a time for each thread that asks.
pub(crate) struct Executor<'a> {
    options: &'a Options,
    environment: &'a Environment<'a>,
    unpacked: Mutex<HashMap<StepId, Arc<Mutex<bool>>>>,
    /// Whether the user knows that there are no limits.
    warned: AtomicBool,
    /// Whether the user knows that steps run in a chroot.
    warned_of_chroot: AtomicBool,
    emulations: Emulations,
    mount_points: MountPoints,
    mounts: MountImporter<'a>,
}

/// What a step is executed with.
pub(crate) struct Work<'w> {
    /// The step.
    pub(crate) id: StepId,
    /// Its place in the Dockerfile.
    pub(crate) span: Option<dockerfile::Span>,
    /// What is below it.
    pub(crate) below: &'w Made,
    /// What of the files that it makes is made the same whenever that happens.
    pub(crate) normalise: Normalise,
    /// Where other steps' files are found.
    pub(crate) schedule: &'w Schedule<'w>,
    /// Whether to give up.
    pub(crate) stopped: &'w (dyn Fn() -> bool + Sync),
    /// Whether this build looks at the files that it makes.
    pub(crate) seen: Seen,
    /// What there is to tell of it.
    pub(crate) notices: &'w Mutex<Vec<Notice>>,
}

impl Work<'_> {
    /// Keeps something to tell.
    fn notice(&self, notice: Notice) {
        self.notices
            .lock()
            .expect("no thread panics with it")
            .push(notice);
    }

    /// Forgets it: the step begins again.
    fn forget_notices(&self) {
        let mut notices = self.notices.lock().expect("no thread panics with it");
        notices.clear();
    }
}

impl<'a> Executor<'a> {
    pub(crate) fn new(options: &'a Options, environment: &'a Environment<'a>) -> Self {
        Self {
            options,
            environment,
            unpacked: Mutex::default(),
            warned: AtomicBool::new(false),
            warned_of_chroot: AtomicBool::new(false),
            emulations: Emulations::default(),
            mount_points: MountPoints::default(),
            mounts: MountImporter::new(options, environment),
        }
    }

    /// Executes a step on top of what is below it; what it leaves is a new snapshot.
    pub(crate) fn execute(&self, step: &Step, work: &Work<'_>) -> Result<SnapshotId, Error> {
        let mut draft = self.environment.store.draft()?;
        match &step.operation {
            Operation::Image(_) | Operation::Fetch(_) => {
                unreachable!("what is elsewhere is fetched, not executed")
            }
            Operation::Workdir { path, user } => self.workdir(work, &draft, path, user)?,
            Operation::Copy(copy) => {
                if let Some(unfilled) = self.copy(work, &draft, copy)? {
                    return self.pack(step, work, draft, &unfilled);
                }
            }
            Operation::Run(run) => {
                let mount = self.run(work, &draft, run)?;
                draft.unmount(mount);
            }
        }
        let snapshot = draft.commit(&SnapshotId::random(), &SnapshotMeta::default())?;
        Ok(snapshot.id().clone())
    }

    /// Makes a snapshot of what a copy made and what it left out. If its sources do not keep still, they are copied.
    fn pack(
        &self,
        step: &Step,
        work: &Work<'_>,
        draft: Draft,
        unfilled: &Unfilled,
    ) -> Result<SnapshotId, Error> {
        match self.commit_unfilled(work, draft, unfilled) {
            Ok(snapshot) => Ok(snapshot.id().clone()),
            Err(_) if (work.stopped)() => Err(Error::Cancelled),
            Err(_) => {
                work.forget_notices();
                let seen = Seen::Yes;
                self.execute(step, &Work { seen, ..*work })
            }
        }
    }

    /// The file system below a step, with a draft on top that takes what is written.
    fn writable(&self, below: &Made, draft: &Draft) -> Result<Root, Error> {
        let stack = self.environment.store.stack(&below.stack)?;
        Ok(self.environment.store.mount(&stack, Some(draft), None)?)
    }

    /// The files that a step left, to read.
    fn readable(&self, filesystem: Filesystem, schedule: &Schedule<'_>) -> Result<Root, Error> {
        let made = filesystem
            .and_then(|id| schedule.known(id).cloned())
            .unwrap_or_default();
        let stack = self.environment.store.stack(&made.stack)?;
        Ok(self.environment.store.mount(&stack, None, None)?)
    }

    /// What a `COPY` from a stage or an image takes.
    pub(crate) fn select_files(
        &self,
        copy: &CopyOperation,
        schedule: &Schedule<'_>,
    ) -> Result<Selection, Error> {
        let Source::Filesystem(filesystem) = copy.source else {
            unreachable!("contexts select for themselves")
        };
        let tree = Arc::new(self.tree(filesystem, schedule)?);
        Selection::new(&tree, copy, Digests::Read)
    }

    /// The tree that a `COPY` from a stage or an image takes from.
    pub(crate) fn tree(
        &self,
        filesystem: Filesystem,
        schedule: &Schedule<'_>,
    ) -> Result<Tree, Error> {
        let root = self.readable(filesystem, schedule)?;
        Ok(Tree::filesystem(root, schedule.name_of(filesystem)))
    }

    /// Sees to it that an image's layers are unpacked; whoever comes second waits.
    pub(crate) fn unpack(&self, id: StepId, image: &BaseImage) -> Result<(), Error> {
        let cell = {
            let mut cells = self.unpacked.lock().expect("no thread panics with it");
            Arc::clone(cells.entry(id).or_default())
        };
        let mut done = cell.lock().expect("no thread panics with it");
        if *done {
            return Ok(());
        }
        if image.is_unpacked(self.environment.store) {
            (self.environment.events)(Event::Cached(id));
        } else {
            (self.environment.events)(Event::Started(id));
            image.unpack(self.environment, id)?;
            (self.environment.events)(Event::Finished(id));
        }
        *done = true;
        Ok(())
    }

    /// Whether anyone needed the files of an image.
    pub(crate) fn was_unpacked(&self, id: StepId) -> bool {
        self.unpacked
            .lock()
            .expect("no thread panics with it")
            .contains_key(&id)
    }
}
