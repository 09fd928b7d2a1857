//! stat(2) and statx(2): the kernel answers, but for files whose owner is recorded.

use rustix::fs::{AtFlags, CWD, FileType, StatxFlags};
use rustix::io::Errno;

use super::object::{Object, has_attributes};
use super::tracee::Tracee;
use crate::sys::notification::{self, Answer};

/// newfstatat(2).
pub(super) fn stat(tracee: &Tracee<'_>, [directory, path, to, flags, ..]: [u64; 6]) -> Answer {
    let flags = flags as i32;
    recorded(tracee, directory, path, flags).map_or(Answer::Continue, |(object, owner)| {
        answer(write_stat(tracee, &object, owner, to))
    })
}

/// statx(2).
pub(super) fn statx(
    tracee: &Tracee<'_>,
    [directory, path, flags, mask, to, _]: [u64; 6],
) -> Answer {
    let how = flags as i32;
    recorded(tracee, directory, path, how).map_or(Answer::Continue, |(object, owner)| {
        answer(write_statx(tracee, &object, owner, (how, mask as u32, to)))
    })
}

/// The file that is looked at, if its owner is recorded. Of all others the kernel tells by itself, its errors included.
fn recorded(
    tracee: &Tracee<'_>,
    directory: u64,
    path: u64,
    flags: i32,
) -> Option<(Object, (u32, u32))> {
    let object = tracee.object(directory, path, flags).ok()?;
    let owner = object.owner()?;
    Some((object, owner))
}

fn write_stat(
    tracee: &Tracee<'_>,
    object: &Object,
    owner: (u32, u32),
    to: u64,
) -> Result<(), Errno> {
    let flags = match object.follows {
        true => 0,
        false => libc::AT_SYMLINK_NOFOLLOW,
    };
    let mut stat = notification::stat_at(&object.path, flags)?;
    (stat.st_uid, stat.st_gid) = owner;
    if !has_attributes(FileType::from_raw_mode(stat.st_mode)) {
        // What is there holds the owner.
        (stat.st_atime, stat.st_atime_nsec) = (stat.st_mtime, stat.st_mtime_nsec);
    }
    tracee.write(to, notification::stat_bytes(&stat))
}

fn write_statx(
    tracee: &Tracee<'_>,
    object: &Object,
    owner: (u32, u32),
    (how, mask, to): (i32, u32, u64),
) -> Result<(), Errno> {
    let mut flags = AtFlags::from_bits_retain(how as u32)
        .difference(AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW);
    flags.set(AtFlags::SYMLINK_NOFOLLOW, !object.follows);
    let wanted = StatxFlags::from_bits_retain(mask) | StatxFlags::TYPE;
    let mut found = rustix::fs::statx(CWD, &object.path, flags, wanted)?;
    (found.stx_uid, found.stx_gid) = owner;
    if !has_attributes(FileType::from_raw_mode(found.stx_mode.into())) {
        found.stx_atime = found.stx_mtime;
    }
    tracee.write(to, notification::statx_bytes(&found))
}

fn answer(written: Result<(), Errno>) -> Answer {
    match written {
        Ok(()) => Answer::Value(0),
        Err(errno) => Answer::Fail(errno),
    }
}
