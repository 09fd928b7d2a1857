//! How the files of a working copy are at one moment.
//!
//! Whatever changes a file changes its `ctime`, which nobody can set (inode(7)). A file with the same number and the same
//! `ctime` is the same file as before, with the same content, owner, permissions and attributes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use rootfs::{Dir, FileKind, Metadata, Time};
use rustix::time::{ClockId, clock_gettime};

/// The names of a directory.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) names: BTreeMap<OsString, Listed>,
}

/// What has a name.
#[derive(Debug)]
pub(super) struct Listed {
    stamp: Stamp,
    /// What is in it, if it is a directory.
    pub(super) inside: Option<Listing>,
}

#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    kind: FileKind,
    mode: u32,
    owner: (u32, u32),
    number: u64,
    size: u64,
    mtime: Time,
    ctime: Time,
}

/// The kernel's clock for files ticks at least so often.
const TICK: Duration = Duration::from_millis(10);

impl Listing {
    /// Looks at all that is below a directory.
    pub(super) fn of(dir: &Dir) -> Result<Self, rootfs::Error> {
        let mut listing = Self::default();
        for entry in dir.entries()? {
            let Some(metadata) = dir.stat(&entry.name)? else {
                continue;
            };
            let inside = match metadata.is_dir() {
                true => Some(Self::of(&dir.open_dir(&entry.name)?)?),
                false => None,
            };
            listing
                .names
                .insert(entry.name, Listed::new(&metadata, inside));
        }
        Ok(listing)
    }

    /// Waits until the kernel's clock for files is past all that is listed: what changes from now on gets another time.
    pub(super) fn outlast(&self) {
        let newest = self.newest();
        // One that lies in the future is not met by what changes now.
        for _ in 0..=TICK.as_millis() {
            let now = clock_gettime(ClockId::RealtimeCoarse);
            let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or_default();
            if (now.tv_sec, nanoseconds) > newest {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn newest(&self) -> Time {
        let inside = |listed: &Listed| listed.inside.as_ref().map(Self::newest);
        let times = self.names.values();
        times
            .flat_map(|listed| [Some(listed.stamp.ctime), inside(listed)])
            .flatten()
            .max()
            .unwrap_or_default()
    }
}

impl Listed {
    pub(super) fn new(metadata: &Metadata, inside: Option<Listing>) -> Self {
        let stamp = Stamp {
            kind: metadata.kind,
            mode: metadata.mode,
            owner: (metadata.uid, metadata.gid),
            number: metadata.ino,
            size: metadata.size,
            mtime: metadata.mtime,
            ctime: metadata.ctime,
        };
        Self { stamp, inside }
    }

    /// Whether a file is the one that is listed.
    pub(super) fn is(&self, metadata: &Metadata) -> bool {
        self.stamp == Self::new(metadata, None).stamp
    }

    /// Whether a directory looks as the one that is listed. What comes and goes in it shows by itself.
    pub(super) fn looks_like(&self, metadata: &Metadata) -> bool {
        let now = Self::new(metadata, None).stamp;
        (
            self.stamp.kind,
            self.stamp.mode,
            self.stamp.owner,
            self.stamp.mtime,
        ) == (now.kind, now.mode, now.owner, now.mtime)
    }
}
