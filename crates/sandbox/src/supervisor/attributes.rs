//! Extended attributes: the one that holds the owner is not there.

use rustix::io::Errno;

use super::tracee::Tracee;
use crate::sys::notification::Answer;

/// The longest list of names: `XATTR_LIST_MAX`.
const LONGEST: usize = 64 << 10;

/// llistxattr(2): the kernel answers, unless there is something to hide.
pub(super) fn list(tracee: &Tracee<'_>, [directory, path, flags, to, size, _]: [u64; 6]) -> Answer {
    let hidden = tracee
        .object(directory, path, flags as i32)
        .and_then(|object| {
            let mut names = vec![0; LONGEST];
            let length = match object.follows {
                true => rustix::fs::listxattr(&object.path, &mut names),
                false => rustix::fs::llistxattr(&object.path, &mut names),
            }?;
            names.truncate(length);
            Ok(without_owner(&names))
        });
    let Ok(Some(names)) = hidden else {
        return Answer::Continue;
    };
    let length = names.len() as i64;
    match size {
        0 => Answer::Value(length),
        size if size < names.len() as u64 => Answer::Fail(Errno::RANGE),
        _ if names.is_empty() => Answer::Value(0),
        _ => match tracee.write(to, &names) {
            Ok(()) => Answer::Value(length),
            Err(errno) => Answer::Fail(errno),
        },
    }
}

/// The names without that of the owner, if it was among them.
fn without_owner(names: &[u8]) -> Option<Vec<u8>> {
    let is_owner = |name: &&[u8]| name.strip_suffix(b"\0") == Some(rootfs::OWNER.as_bytes());
    let mut all = names.split_inclusive(|&byte| byte == 0);
    all.any(|name| is_owner(&name)).then(|| {
        let all = names.split_inclusive(|&byte| byte == 0);
        all.filter(|name| !is_owner(name))
            .flatten()
            .copied()
            .collect()
    })
}

/// What is about the attribute at `name` is answered with `errno`, if that is the one that holds the owner.
pub(super) fn hide(tracee: &Tracee<'_>, name: u64, errno: Errno) -> Answer {
    match tracee.string(name) {
        Ok(name) if name == rootfs::OWNER.as_bytes() => Answer::Fail(errno),
        _ => Answer::Continue,
    }
}

#[cfg(test)]
mod tests {
    use super::without_owner;

    #[test]
    fn only_the_owner_is_hidden() {
        let names = b"user.a\0user.carafe.owner\0user.carafe.owner2\0";
        let left = b"user.a\0user.carafe.owner2\0";
        assert_eq!(without_owner(names).as_deref(), Some(&left[..]));
        assert_eq!(without_owner(left), None);
        assert_eq!(
            without_owner(b"user.carafe.owner\0").as_deref(),
            Some(&[][..])
        );
    }
}
