//! stat(2) and statx(2): the kernel answers, but for files whose owner is recorded.

use rootfs::{Device, Record};
use rustix::fs::{AtFlags, CWD, FileType, StatxFlags};
use rustix::io::Errno;

use super::object::{Object, has_attributes};
use super::tracee::Tracee;
use crate::sys::notification::{self, Answer};

/// newfstatat(2).
pub(super) fn stat(tracee: &Tracee<'_>, [directory, path, to, flags, ..]: [u64; 6]) -> Answer {
    let flags = flags as i32;
    recorded(tracee, directory, path, flags).map_or(Answer::Continue, |(object, record)| {
        answer(write_stat(tracee, &object, record, to))
    })
}

/// statx(2).
pub(super) fn statx(
    tracee: &Tracee<'_>,
    [directory, path, flags, mask, to, _]: [u64; 6],
) -> Answer {
    let how = flags as i32;
    recorded(tracee, directory, path, how).map_or(Answer::Continue, |(object, record)| {
        answer(write_statx(tracee, &object, record, (how, mask as u32, to)))
    })
}

/// The file that is looked at, if something is recorded of it. Of all others the kernel tells by itself, its errors included.
fn recorded(
    tracee: &Tracee<'_>,
    directory: u64,
    path: u64,
    flags: i32,
) -> Option<(Object, Record)> {
    let object = tracee.object(directory, path, flags).ok()?;
    let record = object.record()?;
    Some((object, record))
}

fn write_stat(tracee: &Tracee<'_>, object: &Object, record: Record, to: u64) -> Result<(), Errno> {
    let flags = match object.follows {
        true => 0,
        false => libc::AT_SYMLINK_NOFOLLOW,
    };
    let mut stat = notification::stat_at(&object.path, flags)?;
    (stat.st_uid, stat.st_gid) = record.owner;
    if !has_attributes(FileType::from_raw_mode(stat.st_mode)) {
        // What is there holds the owner.
        (stat.st_atime, stat.st_atime_nsec) = (stat.st_mtime, stat.st_mtime_nsec);
    }
    if let Some(device) = record.device {
        stat.st_mode = stat.st_mode & !libc::S_IFMT | kind_of(device);
        stat.st_rdev = rustix::fs::makedev(device.number.0, device.number.1);
        (stat.st_size, stat.st_blocks) = (0, 0);
    }
    tracee.write(to, notification::stat_bytes(&stat))
}

fn write_statx(
    tracee: &Tracee<'_>,
    object: &Object,
    record: Record,
    (how, mask, to): (i32, u32, u64),
) -> Result<(), Errno> {
    let mut flags = AtFlags::from_bits_retain(how as u32)
        .difference(AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW);
    flags.set(AtFlags::SYMLINK_NOFOLLOW, !object.follows);
    let wanted = StatxFlags::from_bits_retain(mask) | StatxFlags::TYPE;
    let mut found = rustix::fs::statx(CWD, &object.path, flags, wanted)?;
    (found.stx_uid, found.stx_gid) = record.owner;
    if !has_attributes(FileType::from_raw_mode(found.stx_mode.into())) {
        found.stx_atime = found.stx_mtime;
    }
    if let Some(device) = record.device {
        let kind = kind_of(device) as u16;
        found.stx_mode = found.stx_mode & !(libc::S_IFMT as u16) | kind;
        (found.stx_rdev_major, found.stx_rdev_minor) = device.number;
        (found.stx_size, found.stx_blocks) = (0, 0);
    }
    tracee.write(to, notification::statx_bytes(&found))
}

/// The type bits of a mode.
fn kind_of(device: Device) -> u32 {
    match device.is_block {
        true => libc::S_IFBLK,
        false => libc::S_IFCHR,
    }
}

fn answer(written: Result<(), Errno>) -> Answer {
    match written {
        Ok(()) => Answer::Value(0),
        Err(errno) => Answer::Fail(errno),
    }
}
