//! `COPY` and `ADD`: where each source goes.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use dockerfile::chmod::Chmod;
use rootfs::{Attributes, FileKind, FollowLast, MakeDir, Root};
use store::Draft;

use super::pack::{Gap, Unfilled};
use super::place::{Changed, Destination, Entry, Marks, Placer, Target, make_room};
use super::{Executor, Work};
use crate::notice::{self, Notice};
use crate::select::{Content, Selected, Selection};
use crate::step::{CopyItem, CopyOperation, Source, StepId};
use crate::{Error, Users};

impl Executor<'_> {
    /// Copies files into the draft of a step; answers what it left out, since nobody looks at it.
    pub(super) fn copy(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        copy: &CopyOperation,
    ) -> Result<Option<Unfilled>, Error> {
        // Where nothing is below there is nothing to overlay, and files are made at half the price.
        let root = if copy.link || work.below.stack.is_empty() {
            Root::open(draft.dir())?
        } else {
            self.writable(work.below, draft)?
        };
        let selection = match &copy.source {
            Source::Context(_) if copy.has_paths() => {
                Some(work.schedule.contexts.select(work.id, copy)?)
            }
            Source::Filesystem(_) if copy.has_paths() => {
                Some(Arc::new(self.select_files(copy, work.schedule)?))
            }
            _ => None,
        };
        let owner = copy.chown.as_ref().map(|chown| {
            let (owner, unknown) = Users::read(&root).owner(chown);
            if !unknown.is_empty() {
                let names = unknown;
                work.notice(Notice::UnknownOwner { names, owner });
            }
            owner
        });
        let marks = Marks {
            owner,
            chmod: copy.chmod.clone(),
            time_of_made: work.normalise.time(),
        };
        let changed = Changed::default();
        // In a working copy nothing is cheaper than itself.
        let layer = match self.environment.store.uses_copies() {
            true => None,
            false => Some(Root::open(draft.dir())?),
        };
        let gap = self.gap(work, copy, selection.as_ref())?;
        let copier = Copier {
            to: Destination {
                root: &root,
                upper: layer.as_ref(),
            },
            copy,
            marks: &marks,
            stopped: work.stopped,
            changed: &changed,
            gap: gap.as_ref(),
        };
        let mut fetched = copy.fetched();
        for (at, item) in copy.items.iter().enumerate() {
            match (item, &selection) {
                (CopyItem::Inline { name, content }, _) => copier.inline(name, content)?,
                (CopyItem::Fetched { .. }, _) => {
                    let (copy, _) = fetched.next().expect("there is one for each");
                    let selection = self.select_files(&copy, work.schedule)?;
                    let copy = &copy;
                    Copier { copy, ..copier }.sources(&selection, 0)?;
                }
                (CopyItem::Path(_), Some(selection)) => copier.sources(selection, at)?,
                (CopyItem::Path(_), None) => unreachable!("a path makes a selection"),
            }
        }
        if let Some(name) = changed.into_inner().expect("no thread panics with it") {
            let name = name.to_string_lossy().into_owned();
            work.notice(Notice::Changed { name });
        }
        for notice in notice::of_copy(copy, selection.as_deref(), &root)? {
            work.notice(notice);
        }
        let unfilled = gap.zip(selection.as_ref());
        Ok(unfilled.and_then(|(gap, selection)| gap.unfilled(selection, marks)))
    }

    /// Copies all files of a step into a directory of the host: what a new cache starts from.
    pub(super) fn fill(
        &self,
        work: &Work<'_>,
        step: StepId,
        directory: &Path,
    ) -> Result<(), Error> {
        let copy = CopyOperation::to_root(step, "/".to_owned());
        let selection = self.select_files(&copy, work.schedule)?;
        let root = Root::open(directory)?;
        let (marks, changed) = (Marks::default(), Changed::default());
        let copier = Copier {
            to: Destination {
                root: &root,
                upper: None,
            },
            copy: &copy,
            marks: &marks,
            stopped: work.stopped,
            changed: &changed,
            gap: None,
        };
        copier.sources(&selection, 0)
    }
}

/// A file without its compression, told by its content.
fn decoded(file: std::fs::File) -> Result<Box<dyn std::io::Read + Send>, Error> {
    let (_, decoded) =
        oci::compression::decoder(file).map_err(|source| Error::Unpack { source })?;
    Ok(decoded)
}

/// One `COPY` that is being done.
#[derive(Clone, Copy)]
struct Copier<'a> {
    to: Destination<'a>,
    copy: &'a CopyOperation,
    marks: &'a Marks,
    stopped: &'a (dyn Fn() -> bool + Sync),
    changed: &'a Changed,
    /// Takes the place of a directory's content, if it may.
    gap: Option<&'a Gap>,
}

impl Copier<'_> {
    fn sources(&self, selection: &Selection, item: usize) -> Result<(), Error> {
        for selected in &selection.items[item] {
            // Names of one file are found again within one source only.
            let placer = Placer::new(self.to, self.marks, self.stopped);
            // A stage's files cannot change.
            let placer = match selection.tree.of_root {
                true => placer.watching(self.changed),
                false => placer,
            };
            match &selected.node.content {
                _ if self.copy.parents => self.with_parents(selection, selected, &placer)?,
                Content::Directory(_) => self.directory(selection, selected, &placer)?,
                _ if self.copy.unpack && self.unpack(selection, selected)? => {}
                _ => self.file(selection, selected, &placer)?,
            }
        }
        Ok(())
    }

    /// A heredoc: a file with mode 0644 that belongs to root unless told otherwise.
    fn inline(&self, name: &str, content: &str) -> Result<(), Error> {
        let (target, name) = self.file_target(OsStr::new(name))?;
        make_room(&target.entry(&name))?;
        let mut file = target.dir.create_file(&name, 0o600)?;
        let wrote = |source| Error::Write {
            path: target.path.join(&name),
            source,
        };
        file.write_all(content.as_bytes()).map_err(wrote)?;
        let mode = self
            .marks
            .chmod
            .as_ref()
            .map_or(0o644, |chmod| chmod.apply(0o644, false));
        let owner = Some(self.marks.owner.unwrap_or((0, 0)));
        let attributes = Attributes {
            mode: Some(mode),
            owner,
            mtime: self.marks.time_of_made,
        };
        attributes.apply_to(&file).map_err(wrote)
    }

    fn file(
        &self,
        selection: &Selection,
        selected: &Selected,
        placer: &Placer<'_>,
    ) -> Result<(), Error> {
        let (from, from_name) = selection.tree.root.parent_of(&selected.path)?;
        let (target, name) = self.file_target(&selected.name)?;
        let from = Entry {
            dir: &from,
            name: &from_name,
        };
        placer.file(from, &selected.node, target.entry(&name))
    }

    /// The contents of a directory go into the destination, which keeps mode and owner if it is
    /// there, and takes the source's time.
    fn directory(
        &self,
        selection: &Selection,
        selected: &Selected,
        placer: &Placer<'_>,
    ) -> Result<(), Error> {
        let Content::Directory(entries) = &selected.node.content else {
            unreachable!("the caller looked")
        };
        let target = self.directory_target(self.mode_of_made())?;
        let is_left = match self.gap {
            Some(gap) => gap.take(&target.path)?,
            None => false,
        };
        if !is_left {
            let from = selection.tree.root.open_dir(&selected.path)?;
            placer.contents(&from, entries, &target)?;
        }
        let mtime = Some(selected.node.metadata.mtime);
        target.dir.set_own_attributes(&Attributes {
            mtime,
            ..Attributes::default()
        })?;
        Ok(())
    }

    /// `--parents`: the directories on the way are made below the destination, as they are.
    fn with_parents(
        &self,
        selection: &Selection,
        selected: &Selected,
        placer: &Placer<'_>,
    ) -> Result<(), Error> {
        let mut chain = vec![self.directory_target(self.mode_of_made())?];
        for directory in &selected.on_the_way {
            let outer = chain.last().expect("it is never empty");
            let inner = self.to.enter(&outer.entry(&directory.name))?;
            chain.push(inner);
        }
        let target = chain.last().expect("it is never empty");
        match &selected.node.content {
            Content::Directory(entries) if selected.path == Path::new("/") => {
                let from = selection.tree.root.open_dir(&selected.path)?;
                placer.contents(&from, entries, target)?;
            }
            Content::Directory(entries) => {
                let from = selection.tree.root.open_dir(&selected.path)?;
                placer.directory(
                    &from,
                    &selected.node,
                    entries,
                    &target.entry(&selected.name),
                )?;
            }
            _ => {
                let (from, from_name) = selection.tree.root.parent_of(&selected.path)?;
                let from = Entry {
                    dir: &from,
                    name: &from_name,
                };
                placer.file(from, &selected.node, target.entry(&selected.name))?;
            }
        }
        for (made, directory) in chain[1..].iter().zip(&selected.on_the_way).rev() {
            made.dir
                .set_own_attributes(&self.marks.attributes(&directory.metadata))?;
        }
        Ok(())
    }

    /// `ADD` of a local archive: told by its content, unpacked into the destination. Says whether
    /// it was one.
    fn unpack(&self, selection: &Selection, selected: &Selected) -> Result<bool, Error> {
        if selected.node.metadata.kind != FileKind::File {
            return Ok(false);
        }
        let open = || selection.tree.root.open_file(&selected.path);
        if !store::is_archive(decoded(open()?)?) {
            return Ok(false);
        }
        let target = self.directory_target(0o755)?;
        store::extract(decoded(open()?)?, target.dir, self.marks.owner)?;
        if let Some((uid, gid)) = self.marks.owner {
            let owner = Attributes {
                owner: Some((uid, gid)),
                ..Attributes::default()
            };
            self.to
                .root
                .open_dir(&self.copy.destination)?
                .set_own_attributes(&owner)?;
        }
        Ok(true)
    }

    /// Where a file goes: into the destination if that is a directory or is to be one, else to the
    /// destination's own path, links followed.
    fn file_target(&self, name: &OsStr) -> Result<(Target, OsString), Error> {
        let destination = Path::new(&self.copy.destination);
        let into_directory = self.copy.destination.ends_with('/')
            || self
                .to
                .root
                .metadata(destination)?
                .is_some_and(|metadata| metadata.is_dir());
        if into_directory {
            return Ok((self.directory_target(self.mode_of_made())?, name.to_owned()));
        }
        let path = self.to.root.resolve(destination, FollowLast::Yes)?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        let made = self
            .to
            .root
            .create_dir_all(parent, &self.made_directories(self.mode_of_made()))?;
        let name = path.file_name().unwrap_or_default().to_owned();
        let dir = self.to.root.open_dir(parent)?;
        Ok((
            Target {
                dir,
                path: parent.to_owned(),
                fresh: !made.is_empty(),
            },
            name,
        ))
    }

    /// The destination as a directory, made with all that is above it if it is not there.
    fn directory_target(&self, mode: u32) -> Result<Target, Error> {
        let path = Path::new(&self.copy.destination);
        let there = self.to.root.metadata(path)?;
        if there.as_ref().is_some_and(|there| !there.is_dir()) {
            return Err(Error::NotADirectory {
                path: path.to_owned(),
            });
        }
        if there.is_none() {
            self.to
                .root
                .create_dir_all(path, &self.made_directories(mode))?;
        }
        let path = self.to.root.resolve(path, FollowLast::Yes)?;
        if there.is_none() {
            return self.to.fresh(path);
        }
        Ok(Target {
            dir: self.to.root.open_dir(&path)?,
            path,
            fresh: false,
        })
    }

    /// Directories that a copy makes have the owner that it sets.
    fn made_directories(&self, mode: u32) -> MakeDir {
        let (uid, gid) = self.marks.owner.unwrap_or((0, 0));
        MakeDir {
            mode,
            uid,
            gid,
            mtime: self.marks.time_of_made,
        }
    }

    /// Directories that a copy makes take an octal mode as well, but no special bits of it.
    fn mode_of_made(&self) -> u32 {
        match &self.marks.chmod {
            Some(Chmod::Octal(mode)) => mode & 0o777,
            _ => 0o755,
        }
    }
}
