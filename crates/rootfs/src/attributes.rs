//! Owner, mode and time of a file, set together.

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid};
use rustix::io;

use crate::owner::{self, Means};
use crate::{Metadata, Time};

/// What a file is to have besides its content. `None` leaves as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Permissions with set-user-ID, set-group-ID and sticky bit.
    pub mode: Option<u32>,
    /// Owner and group.
    pub owner: Option<(u32, u32)>,
    /// When the content last changed; the access time is left alone.
    pub mtime: Option<Time>,
}

impl Attributes {
    /// All three of `metadata`.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Attributes {
        Attributes {
            mode: Some(metadata.mode),
            owner: Some((metadata.uid, metadata.gid)),
            mtime: Some(metadata.mtime),
        }
    }

    /// Gives an open file or directory these attributes.
    ///
    /// Looks first: a file just made mostly has owner and mode already, and a look costs less than a change, which
    /// is a transaction of the file system's journal. The content must be there before, for writing changes the time
    /// and drops set-user-ID.
    ///
    /// # Errors
    /// What `fchown(2)`, `fchmod(2)` or `utimensat(2)` answers.
    pub fn apply_to(&self, file: impl AsFd) -> std::io::Result<()> {
        Ok(self.apply(file.as_fd())?)
    }

    pub(crate) fn apply(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        if self.mode.is_some() || self.owner.is_some() {
            let now = Metadata::of_open(file)?;
            let mut mode = now.mode;
            if let Some(owner) = self.owner.filter(|owner| *owner != (now.uid, now.gid)) {
                set_owner(file, owner)?;
                // chown(2) drops set-user-ID and set-group-ID, even for root. If it was not called they are only set again.
                mode &= 0o1777;
            }
            if let Some(wanted) = self.mode.filter(|wanted| *wanted != mode) {
                rustix::fs::fchmod(file, Mode::from_raw_mode(wanted & 0o7777))?;
            }
        }
        match self.mtime {
            Some(mtime) => rustix::fs::futimens(file, &timestamps(mtime)),
            None => Ok(()),
        }
    }
}

fn set_owner(file: BorrowedFd<'_>, owner: (u32, u32)) -> io::Result<()> {
    let chown = |(uid, gid)| {
        let (owner, group) = owner_of(uid, gid)?;
        rustix::fs::fchown(file, owner, group)
    };
    match Means::of(owner) {
        Means::Kernel => chown(owner),
        Means::Record => owner::record(file, owner),
        Means::Both(instead) => chown(instead).and_then(|()| owner::record(file, owner)),
    }
}

/// The arguments of `chown(2)`. The last number is none: it would mean to leave the owner alone.
pub(crate) fn owner_of(uid: u32, gid: u32) -> io::Result<(Option<Uid>, Option<Gid>)> {
    if uid == u32::MAX || gid == u32::MAX {
        return Err(io::Errno::INVAL);
    }
    Ok((Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))))
}

/// The argument of `utimensat(2)` that sets the modification time only.
pub(crate) fn timestamps(mtime: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: mtime.0,
            tv_nsec: mtime.1.into(),
        },
    }
}
