//! utimensat(2): the access time of what can have no attributes holds its owner, and stays.

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;

use super::object::OMIT;
use super::tracee::Tracee;
use crate::sys::notification::Answer;

/// utimensat(2).
pub(super) fn set(tracee: &Tracee<'_>, [directory, path, times, flags, ..]: [u64; 6]) -> Answer {
    // Without a path it is about the descriptor: futimens(3).
    let flags = match path {
        0 => libc::AT_EMPTY_PATH,
        _ => flags as i32,
    };
    let Ok(file) = tracee
        .object(directory, path, flags)
        .and_then(|object| object.open(tracee))
    else {
        return Answer::Continue;
    };
    if file.has_attributes() {
        return Answer::Continue;
    }
    match modification(tracee, times) {
        // No owner to lose, and none to forge.
        Ok((_, false)) if file.record().owner == (0, 0) => Answer::Continue,
        Ok((last_modification, _)) => {
            let times = Timestamps {
                last_access: OMIT,
                last_modification,
            };
            match tracee.check().and_then(|()| file.set_times(&times)) {
                Ok(()) => Answer::Value(0),
                Err(errno) => Answer::Fail(errno),
            }
        }
        Err(_) => Answer::Continue,
    }
}

/// The modification time that is asked for, and whether the access time would be an owner.
fn modification(tracee: &Tracee<'_>, times: u64) -> Result<(Timespec, bool), Errno> {
    if times == 0 {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        };
        return Ok((now, false));
    }
    let bytes: [u8; 32] = tracee.read(times)?;
    let (words, _) = bytes.as_chunks::<8>();
    let [access, access_fraction, tv_sec, tv_nsec] =
        [0, 1, 2, 3].map(|word: usize| i64::from_ne_bytes(words[word]));
    let fraction = u32::try_from(access_fraction).unwrap_or(u32::MAX);
    let is_owner = rootfs::owner_of_time(access, fraction).is_some();
    Ok((Timespec { tv_sec, tv_nsec }, is_owner))
}
