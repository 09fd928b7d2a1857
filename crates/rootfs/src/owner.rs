//! Owners that are recorded, where the kernel can give files none.
//!
//! In a user namespace of a single ID all files belong to that one: `chown(2)` to any other is `EINVAL`
//! (user_namespaces(7)). So that layers come out right all the same, the owner is noted at the file: in the attribute
//! `user.carafe.owner` of regular files and directories, and in the access time of everything else, which may have no
//! such attribute (xattr(7)). Either follows the file wherever it is renamed, linked or copied up by overlayfs, and
//! files of root, which most are, have none.
//!
//! Nor does such a namespace make devices: mknod(2) is `EPERM`. They are regular files, whose attribute says what they
//! stand for.
//!
//! A user namespace with subordinate IDs (subuid(5)) has some 65,536, and files of layers may belong to others. Those files belong to the
//! last ID that there is, and only of these a record is looked for. User and group are told apart in that: who of the two is not the last
//! ID any more was given the file by a chown(2) that nobody here has heard of, and that one holds.
//!
//! An access time that says so is one after 2242. The kernel leaves it alone: with `relatime`, reading a link renews only what is
//! older than the file's change or than a day.

use std::ffi::OsStr;
use std::sync::OnceLock;

use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, StatxTimestamp, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::{Errno, Result};

use crate::xattr;
use crate::{FileKind, Metadata};

/// The attribute that holds `UID:GID` of a file that does not belong to root, and `UID:GID:c:MAJOR:MINOR` of what stands
/// for a character device (`b` for a block device).
pub const OWNER: &str = "user.carafe.owner";

/// The most bytes that the attribute has.
pub const OWNER_LENGTH: usize = 64;

/// What is recorded of a file. Of one that has no record, the [default](Record::default) holds: it is root's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    /// Owner and group.
    pub owner: (u32, u32),
    /// The device that it stands for.
    pub device: Option<Device>,
}

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Whether it is a block device, else a character device.
    pub is_block: bool,
    /// Major and minor number.
    pub number: (u32, u32),
}

/// Seconds since 1970 of the first access time that is an owner. ext4's times end at 15 032 385 535.
const FIRST: i64 = 1 << 33;

/// A time has room for two IDs of so many bits: 32 in its seconds, and 28 in the rest.
const ID_BITS: u32 = 30;
const FRACTION_BITS: u32 = 28;

/// Which owners are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recording {
    /// All but root.
    All,
    /// Those of which one ID is at least as great as these, the last that the kernel can give.
    Beyond((u32, u32)),
}

static RECORDING: OnceLock<Recording> = OnceLock::new();

/// Has owners recorded from now on, by the whole process. It is to be called by who entered a user namespace of a single
/// ID, before anything is read or written.
pub fn record_owners() {
    // Who has begun otherwise goes on so: what files say must be read as it was written.
    let _ = RECORDING.set(Recording::All);
}

/// Has those owners recorded that the kernel cannot give, by the whole process. `last` are the greatest user ID and group ID
/// that it can. It is to be called by who entered a user namespace of several IDs, before anything is read or written.
pub fn record_owners_beyond(last: (u32, u32)) {
    let _ = RECORDING.set(Recording::Beyond(last));
}

/// Whether all owners are recorded.
#[must_use]
pub fn are_owners_recorded() -> bool {
    RECORDING.get() == Some(&Recording::All)
}

/// The greatest user ID and group ID that the kernel can give, if only the owners beyond are recorded.
#[must_use]
pub fn owners_are_recorded_beyond() -> Option<(u32, u32)> {
    match RECORDING.get() {
        Some(Recording::Beyond(last)) => Some(*last),
        Some(Recording::All) | None => None,
    }
}

/// Whose a file is that has this owner for the kernel, and that one for its record.
#[must_use]
pub fn owner_by(kernel: (u32, u32), record: (u32, u32)) -> (u32, u32) {
    match RECORDING.get() {
        Some(Recording::Beyond(last)) => owner_beyond(*last, kernel, record),
        Some(Recording::All) | None => record,
    }
}

fn owner_beyond(last: (u32, u32), kernel: (u32, u32), record: (u32, u32)) -> (u32, u32) {
    // A record of an ID that the kernel has nobody here has written: it would be a way to give oneself root's files.
    let id = |last, kernel, record| match kernel == last && record > last {
        true => record,
        false => kernel,
    };
    (
        id(last.0, kernel.0, record.0),
        id(last.1, kernel.1, record.1),
    )
}

/// Whether a record is to be looked for, where the kernel tells this owner.
fn may_be_recorded(owner: (u32, u32)) -> bool {
    match RECORDING.get() {
        None => false,
        Some(Recording::All) => true,
        Some(Recording::Beyond(last)) => owner.0 == last.0 || owner.1 == last.1,
    }
}

/// What an owner takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// chown(2).
    Kernel,
    /// A record.
    Record,
    /// chown(2) to another owner, and a record.
    Both((u32, u32)),
}

impl Means {
    /// What `owner` takes.
    pub(crate) fn of(owner: (u32, u32)) -> Self {
        match RECORDING.get() {
            None => Self::Kernel,
            Some(Recording::All) => Self::Record,
            // The last ID itself is recorded, too, so that nothing else is read in its place.
            Some(Recording::Beyond(last)) if owner.0 >= last.0 || owner.1 >= last.1 => {
                Self::Both((owner.0.min(last.0), owner.1.min(last.1)))
            }
            Some(Recording::Beyond(_)) => Self::Kernel,
        }
    }
}

/// Puts a recorded owner in the place of the kernel's. `get` reads an attribute.
pub(crate) fn complete(
    metadata: &mut Metadata,
    get: impl FnOnce(&OsStr, &mut [u8]) -> Result<usize>,
) -> Result<()> {
    if !has_attributes(metadata.kind) || !may_be_recorded((metadata.uid, metadata.gid)) {
        return Ok(());
    }
    let mut text = [0; OWNER_LENGTH];
    match get(OsStr::new(OWNER), &mut text) {
        // What is no record nobody here has written.
        Ok(length) => {
            if let Some(record) = Record::of_attribute(&text[..length]) {
                record.complete(metadata);
            }
        }
        // A file of others that may not be read is none of ours.
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE | Errno::ACCESS | Errno::PERM) => {}
        Err(errno) => return Err(errno),
    }
    Ok(())
}

/// The owner that an access time holds, if it does; else `owner`, which the kernel tells.
pub(crate) fn of_time(kind: FileKind, owner: (u32, u32), accessed: StatxTimestamp) -> (u32, u32) {
    if has_attributes(kind) || !may_be_recorded(owner) {
        return owner;
    }
    owner_of_time(accessed.tv_sec, accessed.tv_nsec).map_or(owner, |record| owner_by(owner, record))
}

/// Records the owner of an open file or directory.
pub(crate) fn record(file: BorrowedFd<'_>, owner: (u32, u32)) -> Result<()> {
    let record = Record {
        owner: checked(owner)?,
        device: None,
    };
    match record.to_attribute() {
        None => forgotten(rustix::fs::fremovexattr(file, OWNER)),
        Some(text) => xattr::set(file, OsStr::new(OWNER), text.as_bytes()),
    }
}

/// Records the owner of a name in a directory, of which `now` is known.
pub(crate) fn record_at(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    now: &Metadata,
    owner: (u32, u32),
) -> Result<()> {
    let record = Record {
        owner: checked(owner)?,
        device: Device::of(now),
    };
    if record.device.is_none() && !has_attributes(now.kind) {
        return record_in_time(dir, name, owner);
    }
    match record.to_attribute() {
        None => forgotten(xattr::remove_at(dir, name, OsStr::new(OWNER))),
        Some(text) => xattr::set_at(dir, name, OsStr::new(OWNER), text.as_bytes()),
    }
}

/// Makes of the new regular file `name`, which is root's, what stands for a device.
pub(crate) fn record_device(dir: BorrowedFd<'_>, name: &OsStr, device: Device) -> Result<()> {
    let record = Record {
        owner: (0, 0),
        device: Some(device),
    };
    let text = record.to_attribute().unwrap_or_default();
    xattr::set_at(dir, name, OsStr::new(OWNER), text.as_bytes())
}

fn record_in_time(dir: BorrowedFd<'_>, name: &OsStr, owner: (u32, u32)) -> Result<()> {
    let time = owner_to_time(owner).ok_or(Errno::OVERFLOW)?;
    let times = Timestamps {
        last_access: time,
        last_modification: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
    };
    rustix::fs::utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    // A file system whose times end earlier or are coarser takes what it can.
    let now = rustix::fs::statx(dir, name, Metadata::FLAGS, Metadata::WANTED)?.stx_atime;
    match (now.tv_sec, i64::from(now.tv_nsec)) == (time.tv_sec, time.tv_nsec) {
        true => Ok(()),
        false => Err(Errno::OPNOTSUPP),
    }
}

/// Symbolic links, pipes, sockets and devices may have no `user.*` attributes.
fn has_attributes(kind: FileKind) -> bool {
    matches!(kind, FileKind::File | FileKind::Directory)
}

/// The last number is none, as for `chown(2)`.
fn checked((uid, gid): (u32, u32)) -> Result<(u32, u32)> {
    match uid == u32::MAX || gid == u32::MAX {
        true => Err(Errno::INVAL),
        false => Ok((uid, gid)),
    }
}

/// A record that was not there is forgotten as well.
fn forgotten(removed: Result<()>) -> Result<()> {
    match removed {
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        removed => removed,
    }
}

impl Record {
    /// The record that the attribute [`OWNER`] holds; `None` for what nobody here has written.
    #[must_use]
    pub fn of_attribute(text: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(text).ok()?.split(':');
        let number = |word: Option<&str>| word?.parse().ok();
        let owner = (number(words.next())?, number(words.next())?);
        let device = match words.next() {
            None => None,
            Some(kind @ ("b" | "c")) => Some(Device {
                is_block: kind == "b",
                number: (number(words.next())?, number(words.next())?),
            }),
            Some(_) => return None,
        };
        Some(Self { owner, device })
    }

    /// The record as the attribute [`OWNER`] holds it; `None` where there is nothing to record.
    #[must_use]
    pub fn to_attribute(&self) -> Option<String> {
        let (uid, gid) = self.owner;
        let Some(device) = self.device else {
            return (self.owner != (0, 0)).then(|| format!("{uid}:{gid}"));
        };
        let kind = if device.is_block { 'b' } else { 'c' };
        let (major, minor) = device.number;
        Some(format!("{uid}:{gid}:{kind}:{major}:{minor}"))
    }

    /// Puts it in the place of what the kernel tells.
    fn complete(&self, metadata: &mut Metadata) {
        (metadata.uid, metadata.gid) = owner_by((metadata.uid, metadata.gid), self.owner);
        // Where there are several IDs there are no devices.
        if owners_are_recorded_beyond().is_some() {
            return;
        }
        if let (Some(device), FileKind::File) = (self.device, metadata.kind) {
            metadata.kind = match device.is_block {
                true => FileKind::Block,
                false => FileKind::Char,
            };
            metadata.rdev = device.number;
            (metadata.size, metadata.blocks) = (0, 0);
        }
    }
}

impl Device {
    /// The device that `metadata` tells of, if it is one. A whiteout is none: overlayfs needs the kernel's.
    fn of(metadata: &Metadata) -> Option<Self> {
        let is_device = matches!(metadata.kind, FileKind::Char | FileKind::Block);
        (is_device && !metadata.is_whiteout()).then_some(Self {
            is_block: metadata.kind == FileKind::Block,
            number: metadata.rdev,
        })
    }
}

/// The access time that holds an owner. `None` for an ID that is too big. Root's is the beginning of time.
#[must_use]
pub fn owner_to_time((uid, gid): (u32, u32)) -> Option<Timespec> {
    let (uid, gid) = (i64::from(uid), i64::from(gid));
    if (uid | gid) >> ID_BITS != 0 {
        return None;
    }
    let ids = uid << ID_BITS | gid;
    Some(match ids {
        0 => Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        ids => Timespec {
            tv_sec: FIRST + (ids >> FRACTION_BITS),
            tv_nsec: ids & ((1 << FRACTION_BITS) - 1),
        },
    })
}

/// The owner that an access time holds, if it does.
#[must_use]
pub fn owner_of_time(seconds: i64, fraction: u32) -> Option<(u32, u32)> {
    let high = u32::try_from(seconds.checked_sub(FIRST)?).ok()?;
    if fraction >> FRACTION_BITS != 0 {
        return None;
    }
    let ids = u64::from(high) << FRACTION_BITS | u64::from(fraction);
    let id = |bits: u64| (bits & ((1 << ID_BITS) - 1)) as u32;
    Some((id(ids >> ID_BITS), id(ids)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_fit_into_times() {
        for owner in [
            (0, 1),
            (1, 0),
            (33, 33),
            (1000, 65_534),
            ((1 << 30) - 1, (1 << 30) - 1),
        ] {
            let time = owner_to_time(owner).unwrap();
            // ext4's last second, and a billion nanoseconds.
            assert!(time.tv_sec < 15_032_385_535 && time.tv_nsec < 1_000_000_000);
            let fraction = u32::try_from(time.tv_nsec).unwrap();
            assert_eq!(owner_of_time(time.tv_sec, fraction), Some(owner));
        }
        assert_eq!(owner_to_time((1 << 30, 0)), None);
        assert_eq!(owner_of_time(1_800_000_000, 5), None);
        assert_eq!(owner_of_time(i64::MIN, 5), None);
        assert_eq!(owner_of_time(FIRST, 999_999_999), None);
    }

    #[test]
    fn records_beyond_hold_while_the_kernel_has_the_last_ids() {
        let last = (65_536, 65_536);
        for (kernel, record, expected) in [
            (last, (200_000, 300_000), (200_000, 300_000)),
            ((5, 65_536), (200_000, 300_000), (5, 300_000)),
            ((65_536, 6), (200_000, 300_000), (200_000, 6)),
            ((5, 6), (200_000, 300_000), (5, 6)),
            (last, (0, 42), last),
            (last, last, last),
        ] {
            assert_eq!(owner_beyond(last, kernel, record), expected);
        }
    }

    #[test]
    fn records_as_text() {
        let owner = (7, 42);
        let device = Some(Device {
            is_block: true,
            number: (8, 1),
        });
        for (record, text) in [
            (
                Record {
                    owner,
                    device: None,
                },
                "7:42",
            ),
            (Record { owner, device }, "7:42:b:8:1"),
        ] {
            assert_eq!(record.to_attribute().as_deref(), Some(text));
            assert_eq!(Record::of_attribute(text.as_bytes()), Some(record));
        }
        assert_eq!(Record::default().to_attribute(), None);
        for wrong in [
            "",
            "7",
            "7:",
            "7:x",
            "-1:0",
            "7:1:d:1:1",
            "7:1:c",
            "7:1:c:1",
        ] {
            assert_eq!(Record::of_attribute(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Record::of_attribute(b"\xff:0"), None);
    }
}
