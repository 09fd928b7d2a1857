//! Where a store is, or would be: what the file system there can do.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rootfs::Overlay;
use rustix::fs::{AtFlags, CWD, StatxFlags, XattrFlags, statx};
use rustix::io::Errno;

use crate::{Error, Layout, Scratch};

/// What a file system can do for a store.
#[derive(Debug)]
pub struct Site {
    /// The directory that was looked at: the store's, or the nearest one above it that exists.
    pub directory: PathBuf,
    /// Whether the store is there.
    pub exists: bool,
    /// The kind of file system, as the kernel calls it; empty if it does not tell.
    pub file_system: String,
    /// Bytes that this user may still fill.
    pub free: u64,
    /// Whether files can have attributes `user.*`, which overlays need.
    pub attributes: bool,
    /// Whether files can share their blocks (`FICLONE`), so that copies cost nothing.
    pub reflink: bool,
    /// Whether layers can be mounted from it, and what the kernel says if not.
    pub overlay: Result<(), Error>,
}

impl Site {
    /// Looks at the place of the store at `path`, without making one. What is tried there is removed again; where it is a
    /// store, also if this process should be killed.
    ///
    /// # Errors
    /// [`Error::Io`] if nothing can be made there.
    pub fn examine(path: &Path) -> Result<Site, Error> {
        let path = std::path::absolute(path).map_err(Error::io("resolve", path))?;
        let exists = path.join("version").is_file();
        let directory = path.ancestors().find(|above| above.is_dir());
        let directory = directory.unwrap_or(Path::new("/")).to_owned();
        let tmp = Layout::new(directory.clone()).tmp();
        let scratch = Scratch::create(match exists && tmp.is_dir() {
            true => &tmp,
            false => &directory,
        })?;
        let place = scratch.path();
        let space = rustix::fs::statvfs(place).map_err(Error::io("examine", place))?;
        Ok(Site {
            exists,
            file_system: kind(place).unwrap_or_default(),
            free: space.f_bavail * space.f_frsize,
            attributes: rustix::fs::setxattr(place, "user.carafe", b"x", XattrFlags::empty())
                .is_ok(),
            reflink: can_reflink(place).is_ok(),
            overlay: try_overlay(place),
            directory,
        })
    }
}

/// The type of the mount that a directory is in: proc_pid_mountinfo(5).
fn kind(directory: &Path) -> Option<String> {
    let found = statx(CWD, directory, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    let id = found.stx_mnt_id.to_string();
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts
        .lines()
        .find(|line| line.split(' ').next() == Some(&id))?;
    let (_, file_system) = line.split_once(" - ")?;
    file_system.split(' ').next().map(str::to_owned)
}

fn can_reflink(place: &Path) -> Result<(), Errno> {
    let open = |name: &str| -> std::io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        options.open(place.join(name))
    };
    let broken = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let (from, to) = (open("from").map_err(broken)?, open("to").map_err(broken)?);
    rustix::io::write(&from, b"x")?;
    rustix::fs::ioctl_ficlone(&to, &from)
}

fn try_overlay(place: &Path) -> Result<(), Error> {
    let place = place.join("overlay");
    fs::create_dir(&place).map_err(Error::io("create", &place))?;
    Overlay::try_in(&place).map_err(|source| Error::Root { source })
}
