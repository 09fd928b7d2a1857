//! Making directories on the way to a path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use super::{FollowLast, Root};
use crate::walk::{End, Step, walk};
use crate::{Attributes, Dir, Error, Time};

/// What a directory that has to be made shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MakeDir {
    /// Permissions, exactly: the process's umask has no say.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time; now, if `None`.
    pub mtime: Option<Time>,
}

impl Root {
    /// Makes the directory `path` and those on the way to it, as far as they are missing, and answers the ones made,
    /// outermost first.
    ///
    /// Links are followed. One that leads to nothing gets its target made, as BuildKit does it: where `/t/f` is a link
    /// to `/z`, making `/t/f` makes `/z`.
    ///
    /// # Errors
    /// [`Error::NotADirectory`] naming the file that is in the way; [`Error::TooManyLinks`], [`Error::Io`].
    pub fn create_dir_all(
        &self,
        path: impl AsRef<Path>,
        make: &MakeDir,
    ) -> Result<Vec<PathBuf>, Error> {
        let path = path.as_ref();
        // Mostly it is there.
        if self
            .open_at(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC)
            .is_ok()
        {
            return Ok(Vec::new());
        }
        let attributes = Attributes {
            mode: Some(make.mode),
            owner: Some((make.uid, make.gid)),
            mtime: None,
        };
        let mut made: Vec<Arc<Dir>> = Vec::new();
        let arrival = walk(self.top()?, path, FollowLast::Yes, &mut |step| {
            let dir = Arc::new(create(step, &attributes)?);
            made.push(Arc::clone(&dir));
            Ok(Some(dir))
        })?;
        if let End::Other = arrival.end {
            return Err(Error::NotADirectory { path: arrival.path });
        }
        // A directory's time changes with each name made in it, so it is set when all are there.
        if make.mtime.is_some() {
            for dir in &made {
                dir.set_own_attributes(&Attributes {
                    mtime: make.mtime,
                    ..Attributes::default()
                })?;
            }
        }
        Ok(made.iter().map(|dir| dir.path().to_owned()).collect())
    }
}

fn create(step: &Step<Arc<Dir>>, attributes: &Attributes) -> Result<Dir, Error> {
    let mode = attributes.mode.unwrap_or(0o755);
    match step.parent.mkdir(step.name, mode) {
        // Someone else made it just now, which is as good.
        Err(e) if e.io_kind() == Some(std::io::ErrorKind::AlreadyExists) => {
            return step.parent.open_dir(step.name);
        }
        made => made?,
    }
    let fd = step.parent.open_dir(step.name)?.into_fd();
    let dir = Dir::from_fd(fd, &step.path);
    dir.set_own_attributes(attributes)?;
    Ok(dir)
}
