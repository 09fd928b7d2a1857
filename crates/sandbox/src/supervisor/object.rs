//! A file that a call is about, and the owner that is recorded of it.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rootfs::Record;
use rustix::fs::{
    AtFlags, CWD, FileType, OFlags, StatxFlags, Timespec, Timestamps, UTIME_OMIT, XattrFlags,
};
use rustix::io::Errno;

use super::tracee::Tracee;

/// How many links are followed here, one after the other.
pub(super) const MOST_LINKS: usize = 8;

/// A file, by a path that means here what it means to the process that named it.
pub(super) struct Object {
    pub(super) path: CString,
    /// Whether it is what a link at the end of the path leads to.
    pub(super) follows: bool,
}

/// A file that is open (`O_PATH`), so that all that is done is done to the same.
pub(super) struct Opened {
    file: OwnedFd,
    kind: FileType,
    /// Mode bits of stat(2).
    pub(super) mode: u32,
    /// Device and number.
    pub(super) number: (u64, u64),
}

impl Object {
    /// What is recorded. `None` if nothing is, or there is nothing that one could look at.
    pub(super) fn record(&self) -> Option<Record> {
        let mut text = [0; rootfs::OWNER_LENGTH];
        let read = match self.follows {
            true => rustix::fs::getxattr(&self.path, rootfs::OWNER, &mut text),
            false => rustix::fs::lgetxattr(&self.path, rootfs::OWNER, &mut text),
        };
        match read {
            Ok(length) => Record::of_attribute(&text[..length]),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => self.record_in_time(),
            Err(_) => None,
        }
    }

    /// The record of what can have no attributes.
    fn record_in_time(&self) -> Option<Record> {
        let flags = match self.follows {
            true => AtFlags::empty(),
            false => AtFlags::SYMLINK_NOFOLLOW,
        };
        let wanted = StatxFlags::TYPE | StatxFlags::ATIME;
        let found = rustix::fs::statx(CWD, &self.path, flags, wanted).ok()?;
        if has_attributes(FileType::from_raw_mode(found.stx_mode.into())) {
            return None;
        }
        let time = found.stx_atime;
        let owner = rootfs::owner_of_time(time.tv_sec, time.tv_nsec)?;
        Some(Record {
            owner,
            device: None,
        })
    }

    /// Opens it, for the process that has named it.
    pub(super) fn open(&self, tracee: &Tracee<'_>) -> Result<Opened, Errno> {
        if !self.follows {
            return Opened::new(Tracee::open_path(&self.path, OFlags::NOFOLLOW)?);
        }
        let mut path = self.path.clone();
        for _ in 0..MOST_LINKS {
            match Tracee::open_path(&path, OFlags::empty()) {
                // A link that leads through `/proc/self`, as that of a log to `/dev/stdout` does.
                Err(Errno::NOENT) => path = tracee.follow(&path).ok_or(Errno::NOENT)?,
                opened => return Opened::new(opened?),
            }
        }
        Err(Errno::LOOP)
    }
}

impl Opened {
    /// What is open as `file`.
    pub(super) fn new(file: OwnedFd) -> Result<Self, Errno> {
        let stat = rustix::fs::fstat(&file)?;
        Ok(Self {
            file,
            kind: FileType::from_raw_mode(stat.st_mode),
            mode: stat.st_mode,
            number: (stat.st_dev, stat.st_ino),
        })
    }

    /// What is recorded, or else holds of files without a record.
    pub(super) fn record(&self) -> Record {
        let object = Object {
            path: self.path(),
            follows: true,
        };
        object.record().unwrap_or_default()
    }

    /// Where `/proc`, which is the working directory, has it. What is there is followed once, so that it may be a link.
    pub(super) fn path(&self) -> CString {
        let path = format!("self/fd/{}", self.file.as_raw_fd());
        CString::new(path).expect("it has no NUL byte")
    }

    pub(super) fn file(&self) -> &OwnedFd {
        &self.file
    }

    pub(super) fn into_file(self) -> OwnedFd {
        self.file
    }

    pub(super) fn is_regular(&self) -> bool {
        self.kind.is_file()
    }

    /// Whether new files in this directory get its group.
    pub(super) fn passes_group_on(&self) -> bool {
        self.kind.is_dir() && self.mode & libc::S_ISGID != 0
    }

    pub(super) fn has_attributes(&self) -> bool {
        has_attributes(self.kind)
    }

    /// Records an owner, or a device. Where nothing can be recorded the file is the sandbox's own matter: a pipe, a file system in
    /// memory of an old kernel.
    pub(super) fn set_record(&self, record: Record) -> Result<(), Errno> {
        let recorded = match (self.has_attributes(), record.to_attribute()) {
            (true, None) => rustix::fs::removexattr(self.path(), rootfs::OWNER),
            (true, Some(text)) => {
                let flags = XattrFlags::empty();
                rustix::fs::setxattr(self.path(), rootfs::OWNER, text.as_bytes(), flags)
            }
            (false, _) => self.set_time(record.owner),
        };
        match recorded {
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
            recorded => recorded,
        }
    }

    fn set_time(&self, owner: (u32, u32)) -> Result<(), Errno> {
        if owner == self.record().owner {
            return Ok(());
        }
        let time = rootfs::owner_to_time(owner).ok_or(Errno::INVAL)?;
        self.set_times(&Timestamps {
            last_access: time,
            last_modification: OMIT,
        })
    }

    /// utimensat(2).
    pub(super) fn set_times(&self, times: &Timestamps) -> Result<(), Errno> {
        rustix::fs::utimensat(self.file.as_fd(), "", times, AtFlags::EMPTY_PATH)
    }
}

/// Leaves a time as it is.
pub(super) const OMIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: UTIME_OMIT,
};

/// What else there is (links, pipes, sockets, devices) may have no `user.*` attributes: xattr(7).
pub(super) fn has_attributes(kind: FileType) -> bool {
    kind.is_file() || kind.is_dir()
}
