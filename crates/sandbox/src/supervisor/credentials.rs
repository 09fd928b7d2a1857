//! The calls that read and set the IDs of a process (credentials(7)).

use rustix::io::Errno;

use super::calls::Credential;
use super::identity::Identity;
use super::tracee::Tracee;

/// `NGROUPS_MAX`.
const MOST_GROUPS: u64 = 65536;

/// Which of root's powers over IDs there are in the sandbox at all.
#[derive(Clone, Copy)]
pub(super) struct Powers {
    pub(super) over_users: bool,
    pub(super) over_groups: bool,
}

/// A setter: what it returns, with `identity` changed.
pub(super) fn set(
    tracee: &Tracee<'_>,
    which: Credential,
    [first, second, third, ..]: [u64; 6],
    identity: &mut Identity,
    powers: Powers,
) -> Result<i64, Errno> {
    let powerful = identity.is_powerful();
    let (user, group) = (
        powerful && powers.over_users,
        powerful && powers.over_groups,
    );
    let ids = [first as u32, second as u32, third as u32];
    match which {
        Credential::SetUser => identity.set_user(ids[0], user)?,
        Credential::SetGroup => identity.set_group(ids[0], group)?,
        Credential::SetUsers => identity.set_users([ids[0], ids[1]], user)?,
        Credential::SetGroups => identity.set_groups([ids[0], ids[1]], group)?,
        Credential::SetAllUsers => identity.set_all_users(ids, user)?,
        Credential::SetAllGroups => identity.set_all_groups(ids, group)?,
        Credential::SetFileUser => return Ok(identity.set_file_user(ids[0], user).into()),
        Credential::SetFileGroup => return Ok(identity.set_file_group(ids[0], group).into()),
        _ if !group => return Err(Errno::PERM),
        _ => identity.groups = groups(tracee, first, second)?,
    }
    Ok(0)
}

/// The list of setgroups(2), in the order that getgroups(2) tells it.
fn groups(tracee: &Tracee<'_>, count: u64, list: u64) -> Result<Vec<u32>, Errno> {
    // The kernel looks at the low half only.
    let count = count & u64::from(u32::MAX);
    if count > MOST_GROUPS {
        return Err(Errno::INVAL);
    }
    let mut bytes = vec![0; count as usize * 4];
    tracee.fill(list, &mut bytes)?;
    let (words, _) = bytes.as_chunks::<4>();
    let mut groups: Vec<u32> = words.iter().map(|&word| u32::from_ne_bytes(word)).collect();
    groups.sort_unstable();
    Ok(groups)
}

/// A getter: what it returns.
pub(super) fn get(
    tracee: &Tracee<'_>,
    which: Credential,
    [first, second, third, ..]: [u64; 6],
    identity: &Identity,
) -> Result<i64, Errno> {
    let (user, group) = (identity.user, identity.group);
    let (ids, to) = match which {
        Credential::User => return Ok(user.real.into()),
        Credential::EffectiveUser => return Ok(user.effective.into()),
        Credential::Group => return Ok(group.real.into()),
        Credential::EffectiveGroup => return Ok(group.effective.into()),
        Credential::AllUsers => (user, [first, second, third]),
        Credential::AllGroups => (group, [first, second, third]),
        _ => return supplementary(tracee, first, second, &identity.groups),
    };
    for (id, address) in [ids.real, ids.effective, ids.saved].into_iter().zip(to) {
        tracee.write(address, &id.to_ne_bytes())?;
    }
    Ok(0)
}

/// getgroups(2).
fn supplementary(tracee: &Tracee<'_>, size: u64, list: u64, groups: &[u32]) -> Result<i64, Errno> {
    let size = size as i32;
    let count = groups.len() as i64;
    if size == 0 || groups.is_empty() {
        return Ok(count);
    }
    if i64::from(size) < count {
        return Err(Errno::INVAL);
    }
    let bytes: Vec<u8> = groups.iter().flat_map(|id| id.to_ne_bytes()).collect();
    tracee.write(list, &bytes)?;
    Ok(count)
}
