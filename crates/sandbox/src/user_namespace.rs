//! A user namespace (user_namespaces(7)) for those who are not root.
//!
//! It is entered once, by the whole process, at its start: unshare(2) needs a process of one thread. With a range of
//! subordinate ids, newuidmap(1) and newgidmap(1) have to write the maps; being set-user-ID programs they must run
//! outside of the new namespace, so a process that waits to call them is started before. Nobody waits outside for
//! this process to end: it stays the same process, with the same parent, terminal and exit code.

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::Error;
use crate::spawn::check_child_entry;
use crate::step::Step;
use crate::sys;

mod id_maps;
mod mapper;
mod refusal;
mod subordinate;
mod trial;

pub use id_maps::{IdMaps, MapProgram};
use mapper::{Mapper, Mapping};
pub(crate) use mapper::{NAME as MAPPER, run as run_mapper};
pub use refusal::Refusal;
use refusal::{powerless, refused, restricted_by_apparmor};
pub(crate) use trial::{NAME as TRIAL, Trial, run as run_trial};

/// Which identities this process can use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// The caller was root: no user namespace was made.
    Root,
    /// Root in a user namespace that has a range of subordinate ids (subuid(5)).
    Subordinate {
        /// How many user ids there are, with 0.
        uids: u64,
        /// How many group ids there are, with 0.
        gids: u64,
    },
    /// Root in a user namespace that has no other id: files can belong to root only.
    Single {
        /// Why there are no more.
        reason: SingleIdReason,
    },
}

/// Why a user namespace has only one id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SingleIdReason {
    /// `/etc/subuid` or `/etc/subgid` has no line for the user.
    NoSubordinateIds {
        /// The file.
        file: &'static str,
    },
    /// newuidmap(1) or newgidmap(1) is not installed.
    NoProgram {
        /// The program.
        program: &'static str,
    },
    /// newuidmap(1) failed.
    ProgramFailed {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
}

impl fmt::Display for SingleIdReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSubordinateIds { file } => write!(f, "{file} has no line for this user"),
            Self::NoProgram { program } => write!(f, "{program} is not installed"),
            Self::ProgramFailed { program, message } => write!(f, "{program} failed: {message}"),
        }
    }
}

/// Makes an ordinary user root of an own user and mount namespace, for the rest of this process's life. Nothing
/// is done for root. Must be called while the process has one thread.
///
/// User and group ids look different afterwards (the caller has become 0), so what depends on them, such as the place of
/// the user's files, is to be looked up before.
///
/// # Errors
/// When the system does not let this user make one; the error's hint says who can change that.
pub fn enter_user_namespace() -> Result<Identity, Error> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if uid.is_root() {
        return Ok(Identity::Root);
    }
    check_child_entry()?;
    let mapper = match subordinate::ranges(uid.as_raw()) {
        Ok(ranges) => Mapper::start(uid.as_raw(), gid.as_raw(), &ranges)?,
        Err(reason) => Err(reason),
    };
    sys::unshare_user_and_mounts().map_err(refused)?;
    let identity = match mapper.map(Mapper::map) {
        Ok(Mapping::Done(identity)) => identity,
        Ok(Mapping::Nothing(reason)) | Err(reason) => {
            map_single(uid.as_raw(), gid.as_raw())?;
            Identity::Single { reason }
        }
        Ok(Mapping::Half { program, message }) => {
            return Err(Error::Kernel {
                step: Step::MapIds,
                object: program.to_owned(),
                source: io::Error::other(message),
            });
        }
    };
    // What is mounted here is nobody else's business; and it shows whether the namespace gives any power.
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .map_err(powerless)?;
    Ok(identity)
}

/// Makes an ordinary user what another process of the same user has become by [`enter_user_namespace`]: root of that
/// process's user and mount namespaces, for the rest of this process's life. Nothing is done for root. Must be called while
/// the process has one thread.
///
/// # Errors
/// When the process has ended, or is another user's.
pub fn join_user_namespace(pidfd: BorrowedFd<'_>) -> Result<(), Error> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let namespaces = ThreadNameSpaceType::USER | ThreadNameSpaceType::MOUNT;
    move_into_thread_name_spaces(pidfd, namespaces)
        .map_err(|errno| Error::kernel(Step::JoinNamespace, "the container", errno))
}

/// Whether this process is in a user namespace of a single ID, so that files can belong to that one only.
#[must_use]
pub fn has_single_id() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().skip(2).eq(["1"])
}

/// The greatest user ID and group ID that files can have here, if this user namespace has several but not all: as one with
/// subordinate IDs.
#[must_use]
pub fn last_ids() -> Option<(u32, u32)> {
    let last = |file| {
        let map = fs::read_to_string(file).unwrap_or_default();
        last_of(&map).filter(|last| *last > 0)
    };
    let (uid, gid) = (last("/proc/self/uid_map")?, last("/proc/self/gid_map")?);
    // The very last is none: chown(2).
    (uid < u32::MAX - 1 || gid < u32::MAX - 1).then_some((uid, gid))
}

/// The last ID of a map that has all from 0 on, see user_namespaces(7).
fn last_of(map: &str) -> Option<u32> {
    let mut extents: Vec<(u64, u64)> = map
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse::<u64>);
            Some((numbers.next()?.ok()?, numbers.nth(1)?.ok()?))
        })
        .collect();
    extents.sort_unstable();
    let mut next = 0;
    for (first, count) in extents {
        if first != next {
            return None;
        }
        next += count;
    }
    u32::try_from(next.checked_sub(1)?).ok()
}

/// Maps root to the caller and nothing else. That needs no help, if setgroups(2) is given up first.
fn map_single(uid: u32, gid: u32) -> Result<(), Error> {
    let files = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {uid} 1\n")),
        ("/proc/self/gid_map", format!("0 {gid} 1\n")),
    ];
    for (file, content) in files {
        fs::write(file, content).map_err(|source| match restricted_by_apparmor() {
            true => Error::UserNamespace {
                refusal: Refusal::AppArmor,
                source,
            },
            false => Error::Kernel {
                step: Step::MapIds,
                object: file.to_owned(),
                source,
            },
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::last_of;

    #[test]
    fn last_ids_of_maps() {
        assert_eq!(
            last_of("         0          0 4294967295\n"),
            Some(u32::MAX - 1)
        );
        assert_eq!(last_of("0 1000 1\n1 100000 65536\n"), Some(65_536));
        assert_eq!(last_of("1 100000 65536\n0 1000 1\n"), Some(65_536));
        assert_eq!(last_of("0 1000 1\n5 100000 10\n"), None);
        assert_eq!(last_of(""), None);
    }
}
