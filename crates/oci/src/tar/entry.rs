use std::collections::BTreeMap;

/// One member of an archive, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as it was written: any bytes but NUL, possibly absolute, possibly with `..`.
    /// A directory's trailing slash is taken off.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permissions, and the set-ID and sticky bits: 07777.
    pub mode: u32,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// When it was last changed.
    pub mtime: Time,
    /// How many bytes of content follow; 0 for all but files.
    pub size: u64,
    /// Extended attributes, by their full names (`security.capability`).
    pub xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What a member of an archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link to any text.
    Symlink(Vec<u8>),
    /// A further name of an earlier member of the archive.
    Hardlink(Vec<u8>),
    /// A character device.
    Char {
        /// The driver.
        major: u32,
        /// The device of the driver.
        minor: u32,
    },
    /// A block device.
    Block {
        /// The driver.
        major: u32,
        /// The device of the driver.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// A point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// Nanoseconds after that second: 0 to 999,999,999.
    pub nanos: u32,
}

impl Time {
    /// A whole second.
    pub fn seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }
}

impl Entry {
    /// A member owned by root, of 1970.
    pub fn new(path: impl Into<Vec<u8>>, kind: Kind, mode: u32) -> Self {
        Self {
            path: path.into(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            size: 0,
            xattrs: BTreeMap::new(),
        }
    }
}
