//! chown(2) and its kin: what the kernel does about it, done to the one ID there is, and then the record.

use rootfs::Record;
use rustix::fs::{AtFlags, Gid, Uid};
use rustix::io::Errno;

use super::identity::{Identity, NONE};
use super::tracee::Tracee;

/// fchownat(2). `powerful` may give files away.
pub(super) fn change(
    tracee: &Tracee<'_>,
    [directory, path, uid, gid, flags, _]: [u64; 6],
    identity: &Identity,
    powerful: bool,
) -> Result<(), Errno> {
    let (uid, gid) = (uid as u32, gid as u32);
    let object = tracee.object(directory, path, flags as i32)?;
    let file = object.open(tracee)?;
    let record = file.record();
    let now = record.owner;
    let is_allowed = powerful
        || (identity.user.file == now.0
            && (uid == NONE || uid == now.0)
            && (gid == NONE || gid == now.1 || identity.is_in_group(gid)));
    if !is_allowed {
        return Err(Errno::PERM);
    }
    tracee.check()?;
    // For its errors, its time, and the set-user-ID bits and capabilities that it takes away; and it has overlayfs copy the
    // file up.
    let root = |id: u32| (id != NONE).then_some(0);
    rustix::fs::chownat(
        file.file(),
        "",
        root(uid).map(Uid::from_raw),
        root(gid).map(Gid::from_raw),
        AtFlags::EMPTY_PATH,
    )?;
    let or = |id: u32, now: u32| if id == NONE { now } else { id };
    let owner = (or(uid, now.0), or(gid, now.1));
    if owner == now {
        return Ok(());
    }
    file.set_record(Record { owner, ..record })
}
