//! What `statx(2)` tells about a file.

use std::ffi::OsStr;

use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, StatxTimestamp};
use rustix::io;

use crate::{owner, xattr};

/// Seconds and nanoseconds since 1970.
pub type Time = (i64, u32);

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A character device. The one with number 0:0 is overlayfs's whiteout.
    Char,
    /// A block device.
    Block,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its type.
    pub kind: FileKind,
    /// Permissions with set-user-ID, set-group-ID and sticky bit: 07777.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length in bytes; of a symbolic link, of its target.
    pub size: u64,
    /// Blocks of 512 bytes on disk: fewer than `size` needs if the file has holes.
    pub blocks: u64,
    /// When the content last changed.
    pub mtime: Time,
    /// When anything about it last changed.
    pub ctime: Time,
    /// Major and minor number of a device.
    pub rdev: (u32, u32),
    /// How many names it has.
    pub nlink: u32,
    /// Its number in the file system.
    pub ino: u64,
    /// The file system's device, as major and minor number.
    pub dev: (u32, u32),
}

impl Metadata {
    /// What is asked of the kernel: all but the birth time, which costs some file systems an extra look.
    pub(crate) const WANTED: StatxFlags = StatxFlags::BASIC_STATS;

    /// Never through a symbolic link, never an automount, and no round trip to a server for fresher data.
    pub(crate) const FLAGS: AtFlags = AtFlags::SYMLINK_NOFOLLOW.union(AtFlags::NO_AUTOMOUNT);

    /// What the kernel tells of an open file, with its [recorded](crate::record_owners) owner. `O_PATH` will do.
    pub(crate) fn of_open(fd: BorrowedFd<'_>) -> io::Result<Metadata> {
        let flags = AtFlags::EMPTY_PATH | Metadata::FLAGS;
        let mut metadata = Metadata::from(rustix::fs::statx(fd, c"", flags, Metadata::WANTED)?);
        owner::complete(&mut metadata, |name, value| {
            rustix::fs::getxattr(xattr::proc_path(fd), name, value)
        })?;
        Ok(metadata)
    }

    /// The same of a name in a directory.
    pub(crate) fn of_name(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<Metadata> {
        let statx = rustix::fs::statx(dir, name, Metadata::FLAGS, Metadata::WANTED)?;
        let mut metadata = Metadata::from(statx);
        owner::complete(&mut metadata, |key, value| {
            rustix::fs::lgetxattr(xattr::proc_path_at(dir, name), key, value)
        })?;
        Ok(metadata)
    }

    /// Whether this is a directory.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }

    /// Whether this is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }

    /// Whether this is a symbolic link.
    #[must_use]
    pub fn is_symlink(&self) -> bool {
        self.kind == FileKind::Symlink
    }

    /// Whether this stands for a deleted name in a layer: a character device 0:0 (overlayfs, "whiteouts"), or what
    /// [`Dir::whiteout`](crate::Dir::whiteout) makes where there can be none.
    #[must_use]
    pub fn is_whiteout(&self) -> bool {
        match self.kind {
            FileKind::Char => self.rdev == (0, 0),
            FileKind::Socket => self.mode == 0,
            _ => false,
        }
    }
}

impl From<Statx> for Metadata {
    fn from(s: Statx) -> Metadata {
        let kind = FileKind::from(FileType::from_raw_mode(s.stx_mode.into()));
        let (uid, gid) = owner::of_time(kind, (s.stx_uid, s.stx_gid), s.stx_atime);
        Metadata {
            kind,
            mode: u32::from(s.stx_mode) & 0o7777,
            uid,
            gid,
            size: s.stx_size,
            blocks: s.stx_blocks,
            mtime: time(s.stx_mtime),
            ctime: time(s.stx_ctime),
            rdev: (s.stx_rdev_major, s.stx_rdev_minor),
            nlink: s.stx_nlink,
            ino: s.stx_ino,
            dev: (s.stx_dev_major, s.stx_dev_minor),
        }
    }
}

impl From<FileType> for FileKind {
    fn from(kind: FileType) -> FileKind {
        match kind {
            FileType::Directory => FileKind::Directory,
            FileType::Symlink => FileKind::Symlink,
            FileType::CharacterDevice => FileKind::Char,
            FileType::BlockDevice => FileKind::Block,
            FileType::Fifo => FileKind::Fifo,
            FileType::Socket => FileKind::Socket,
            // Linux has no others, and one that is unknown can only be opened to see.
            FileType::RegularFile | FileType::Unknown => FileKind::File,
        }
    }
}

fn time(t: StatxTimestamp) -> Time {
    (t.tv_sec, t.tv_nsec)
}
