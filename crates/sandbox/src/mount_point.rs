//! Places in the root on which something is mounted.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use rootfs::{FollowLast, MakeDir, Root};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::protocol::{At, Failure};
use crate::step::Step;

/// Directories that have to be made belong to root.
const ROOTS: MakeDir = MakeDir {
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: None,
};

/// What is going to be mounted, and so what has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Directory,
    File,
}

impl Form {
    /// The form of the object that is open as `fd`.
    pub(crate) fn of(fd: &OwnedFd) -> Result<Self, Errno> {
        let mode = rustix::fs::fstat(fd)?.st_mode;
        Ok(match FileType::from_raw_mode(mode) {
            FileType::Directory => Self::Directory,
            _ => Self::File,
        })
    }
}

/// Opens `path` inside `root` for mounting on it, links followed inside the root. It is made if it is missing.
pub(crate) fn open_or_make(root: &Root, path: &Path, form: Form) -> Result<OwnedFd, Failure> {
    match open(root, path) {
        Err(Errno::NOENT) => make(root, path, form)
            .and_then(|()| open(root, path))
            .on(Step::MountPoint, path),
        opened => opened.on(Step::MountPoint, path),
    }
}

/// Opens the directory `name` at the top of `root`, making it if it is missing. A link is refused: what is mounted
/// there must be found there.
pub(crate) fn open_or_make_top(root: &Root, name: &str) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(root.fd(), name, flags, Mode::empty());
    match open() {
        Err(Errno::NOENT) => make(root, Path::new(name), Form::Directory).and_then(|()| open()),
        opened => opened,
    }
    .on(Step::MountPoint, Path::new("/").join(name))
}

/// Opens `path` inside `root` with `O_PATH`, as a process with that root would, but for the links of `/proc` that
/// lead to open files: those lead out of any root.
pub(crate) fn open(root: &Root, path: &Path) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    loop {
        match rustix::fs::openat2(root.fd(), path, flags, Mode::empty(), resolve) {
            // A rename elsewhere got in the way of a `..`.
            Err(Errno::AGAIN) => {}
            opened => return opened,
        }
    }
}

fn make(root: &Root, path: &Path, form: Form) -> Result<(), Errno> {
    match form {
        Form::Directory => root.create_dir_all(path, &ROOTS).map(drop),
        Form::File => make_file(root, path),
    }
    .map_err(|error| errno(&error))
}

fn make_file(root: &Root, path: &Path) -> Result<(), rootfs::Error> {
    // A link that leads to nothing leads to where the file has to be.
    let path = root.resolve(path, FollowLast::Yes)?;
    let name = path.file_name().unwrap_or(OsStr::new(""));
    root.create_dir_all(path.parent().unwrap_or(Path::new("/")), &ROOTS)?;
    let (parent, _) = root.parent_of(&path)?;
    parent.create_file(name, 0o644).map(drop)
}

/// The error number that says the same.
pub(crate) fn errno(error: &rootfs::Error) -> Errno {
    match error {
        rootfs::Error::NotADirectory { .. } => Errno::NOTDIR,
        rootfs::Error::TooManyLinks { .. } => Errno::LOOP,
        other => other
            .raw_os_error()
            .map_or(Errno::INVAL, Errno::from_raw_os_error),
    }
}

/// Makes the directory `path` and those on the way to it.
pub(crate) fn make_directory(root: &Root, path: &Path) -> Result<(), Errno> {
    make(root, path, Form::Directory)
}
