//! A directory of changes becomes a layer's tar: image-spec, layer.md, "Creating"; which entries there are follows
//! BuildKit's overlay differ and containerd's `continuity/fs`.

mod change;
mod compare;
mod graft;
mod names;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write, empty};
use std::os::unix::ffi::OsStrExt;

use oci::tar::{Entry, Kind, Writer};
use rootfs::{Dir, FileKind, Metadata, Union, UnionDir};

pub use change::Change;
pub use graft::Grafted;

use crate::Timestamps;
use crate::layer_error::{LayerError, root};
use change::{directory, whiteout};
use names::{Name, Names};

/// No archive with longer names could be unpacked: `PATH_MAX`.
const MAX_PATH: usize = 4096;

/// What a layer's tar holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerSize {
    /// The number of entries.
    pub entries: u64,
    /// The bytes of all regular files.
    pub bytes: u64,
}

/// Writes changes as a tar. The same changes always give the same bytes.
///
/// # Errors
/// [`LayerError`].
pub fn write_layer<W: Write>(
    changes: impl Iterator<Item = Result<Change, LayerError>>,
    writer: W,
) -> Result<(W, LayerSize), LayerError> {
    let mut archive = Writer::new(writer);
    let mut size = LayerSize::default();
    for change in changes {
        let Change { entry, content } = change?;
        let mut none = empty();
        let mut content = content;
        let content: &mut dyn Read = match &mut content {
            Some(file) => file,
            None => &mut none,
        };
        archive
            .append(&entry, content)
            .map_err(|source| LayerError::Write { source })?;
        size.entries += 1;
        size.bytes += entry.size;
    }
    let writer = archive
        .finish()
        .map_err(|source| LayerError::Write { source })?;
    Ok((writer, size))
}

/// The changes of a directory against the layers below it, in the order of a layer's tar: names in the order of their
/// bytes, a directory before what is in it.
///
/// * A deleted name is a `.wh.` entry, if there is something of that name below.
/// * Of an opaque directory each name that it hides and does not have itself gets one, too.
/// * What was only copied up, and is as it was, is left out. So is a directory, unless mode or owner changed or
///   something in it did.
/// * A file with several names is written once, and its further names are hard links.
/// * Sockets are left out.
pub struct Changes {
    frames: Vec<Frame>,
    /// Changes that are found but not given out, the next one last.
    ready: Vec<Change>,
    /// Files with several names, by device and number: the name that was written.
    links: HashMap<((u32, u32), u64), Vec<u8>>,
    timestamps: Timestamps,
    precision: Precision,
}

/// How exactly times are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// Whole seconds.
    Seconds,
    /// As the file system has them.
    Exact,
}

/// A directory that is being walked.
struct Frame {
    path: Vec<u8>,
    dir: Dir,
    below: Option<UnionDir>,
    /// Whether nothing from below shows through.
    opaque: bool,
    names: Names,
    /// The directory's own entry, until something in it needs it.
    own: Option<Entry>,
}

impl Changes {
    /// The changes of `upper` against `below`.
    ///
    /// # Errors
    /// [`LayerError::Root`] if a directory cannot be read.
    pub fn new(below: &Union, upper: Dir) -> Result<Changes, LayerError> {
        // The root itself is never part of a layer.
        let below = Some(below.root().clone());
        let mut changes = Changes {
            frames: Vec::new(),
            ready: Vec::new(),
            links: HashMap::new(),
            timestamps: Timestamps::Kept,
            precision: Precision::Seconds,
        };
        changes.enter(Vec::new(), upper, below, None)?;
        Ok(changes)
    }

    /// The same with other times. What counts as a change does not depend on them.
    #[must_use]
    pub fn with_timestamps(self, timestamps: Timestamps) -> Changes {
        Changes { timestamps, ..self }
    }

    /// The same with times to the nanosecond, which layers do not have.
    pub(crate) fn with_exact_times(self) -> Changes {
        let precision = Precision::Exact;
        Changes { precision, ..self }
    }

    /// The metadata that an entry gets.
    fn timed(&self, metadata: &Metadata) -> Metadata {
        let timed = Metadata {
            mtime: self.timestamps.of(metadata.mtime),
            ..metadata.clone()
        };
        match self.precision {
            Precision::Seconds => change::in_seconds(&timed),
            Precision::Exact => timed,
        }
    }

    fn enter(
        &mut self,
        path: Vec<u8>,
        dir: Dir,
        below: Option<UnionDir>,
        own: Option<Entry>,
    ) -> Result<(), LayerError> {
        let inherited = self.frames.last().is_some_and(|frame| frame.opaque);
        let opaque = inherited || dir.is_opaque().map_err(root("compare"))?;
        let hidden = below.as_ref().filter(|_| opaque);
        let names = Names::new(&dir, hidden).map_err(root("compare"))?;
        self.frames.push(Frame {
            path,
            dir,
            below,
            opaque,
            names,
            own,
        });
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Change>, LayerError> {
        loop {
            if let Some(change) = self.ready.pop() {
                return Ok(Some(change));
            }
            let Some(frame) = self.frames.last_mut() else {
                return Ok(None);
            };
            match frame.names.next() {
                None => drop(self.frames.pop()),
                Some(Name::Hidden(name)) => {
                    let entry = whiteout(&frame.path, &name);
                    self.push(Change {
                        entry,
                        content: None,
                    });
                }
                Some(Name::Upper(name, kind)) => self.look(&name, kind)?,
            }
        }
    }

    /// Decides about one name of the directory that is being walked.
    fn look(&mut self, name: &OsStr, kind: Option<FileKind>) -> Result<(), LayerError> {
        let Some(frame) = self.frames.last() else {
            return Ok(());
        };
        let path = frame.join(name)?;
        let Some((now, content)) = frame.examine(name, kind).map_err(root("read"))? else {
            return Ok(());
        };
        if now.is_dir() {
            return self.look_at_dir(name, path, &now);
        }
        let before = match &frame.below {
            Some(below) => below.place_of(name).map_err(root("compare"))?,
            None => None,
        };
        if now.is_whiteout() {
            if before.is_some() {
                let entry = whiteout(&frame.path, name);
                self.push(Change {
                    entry,
                    content: None,
                });
            }
            return Ok(());
        }
        if let Some((dir, before)) = before
            && compare::is_unchanged((dir, &before), (&frame.dir, &now), name)?
        {
            return Ok(());
        }
        if let Some(change) = self.file(name, path, &now, content)? {
            self.push(change);
        }
        Ok(())
    }

    fn look_at_dir(
        &mut self,
        name: &OsStr,
        path: Vec<u8>,
        now: &Metadata,
    ) -> Result<(), LayerError> {
        let Some(frame) = self.frames.last() else {
            return Ok(());
        };
        let below = match &frame.below {
            Some(below) => below.open_dir(name).map_err(root("compare"))?,
            None => None,
        };
        let before = match below.as_ref().and_then(UnionDir::top) {
            Some(dir) => Some(dir.metadata().map_err(root("compare"))?),
            None => None,
        };
        let dir = frame.dir.open_dir(name).map_err(root("compare"))?;
        let entry = directory(&path, &self.timed(now));
        // A change of the time alone is none: whoever makes or deletes a file in it changes that.
        let same = before.is_some_and(|before| compare::same_attributes(&before, now));
        if same {
            return self.enter(path, dir, below, Some(entry));
        }
        self.push(Change {
            entry,
            content: None,
        });
        self.enter(path, dir, below, None)
    }

    /// The entry of what is not a directory; `None` for a socket.
    fn file(
        &mut self,
        name: &OsStr,
        path: Vec<u8>,
        now: &Metadata,
        content: Option<File>,
    ) -> Result<Option<Change>, LayerError> {
        let now = &self.timed(now);
        let Some(frame) = self.frames.last() else {
            return Ok(None);
        };
        if now.nlink > 1 {
            if let Some(first) = self.links.get(&(now.dev, now.ino)) {
                let entry = change::entry(path, Kind::Hardlink(first.clone()), now);
                return Ok(Some(Change {
                    entry,
                    content: None,
                }));
            }
            self.links.insert((now.dev, now.ino), path.clone());
        }
        match content {
            Some(file) => change::regular(file, path, now).map(Some),
            None => change::special(&frame.dir, name, path, now),
        }
    }

    /// Hands a change out, after the entries of the directories that it is in.
    fn push(&mut self, change: Change) {
        self.ready.push(change);
        for frame in self.frames.iter_mut().rev() {
            if let Some(entry) = frame.own.take() {
                self.ready.push(Change {
                    entry,
                    content: None,
                });
            }
        }
    }
}

impl Iterator for Changes {
    type Item = Result<Change, LayerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.frames.clear();
        }
        step.transpose()
    }
}

impl Frame {
    /// The metadata of a name, and the file if it is a regular one: nearly all are, and those are to be read anyway.
    fn examine(
        &self,
        name: &OsStr,
        kind: Option<FileKind>,
    ) -> Result<Option<(Metadata, Option<File>)>, rootfs::Error> {
        let open = |(file, metadata)| Some((metadata, Some(file)));
        if kind == Some(FileKind::File) {
            match self.dir.open_file_with_metadata(name) {
                // It stands for a device.
                Err(rootfs::Error::NotAFile { .. }) => {}
                opened => return opened.map(open),
            }
        }
        match self.dir.stat(name)? {
            Some(found) if found.is_file() => self.dir.open_file_with_metadata(name).map(open),
            found => Ok(found.map(|found| (found, None))),
        }
    }

    fn join(&self, name: &OsStr) -> Result<Vec<u8>, LayerError> {
        let path = change::join(&self.path, name.as_bytes());
        if path.len() > MAX_PATH {
            let shortened = OsStr::from_bytes(&path[..200]).into();
            return Err(LayerError::PathTooLong { shortened });
        }
        Ok(path)
    }
}
