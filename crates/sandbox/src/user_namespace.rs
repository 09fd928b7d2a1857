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

use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::Error;
use crate::spawn::check_child_entry;
use crate::step::Step;
use crate::sys;

mod mapper;
mod subordinate;

use mapper::{Mapper, Mapping};
pub(crate) use mapper::{NAME as MAPPER, run as run_mapper};

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

/// Why a user namespace is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The sysctl `kernel.unprivileged_userns_clone` is 0 (Debian's and Arch's kernels).
    Switched,
    /// The sysctl `user.max_user_namespaces` is 0.
    LimitIsZero,
    /// As many as `user.max_user_namespaces` says exist, or they are 32 deep.
    LimitReached,
    /// The sysctl `kernel.apparmor_restrict_unprivileged_userns` is 1 (Ubuntu): one can be made, but gives no power.
    AppArmor,
    /// This process has several threads.
    Threads,
    /// The kernel is built without.
    NotBuilt,
    /// Something else: a filter of a container, a chroot, another security module.
    Denied,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Switched => {
                "this system reserves it to root (kernel.unprivileged_userns_clone is 0)"
            }
            Self::LimitIsZero => "this system allows none (user.max_user_namespaces is 0)",
            Self::LimitReached => "there are as many as this system allows",
            Self::AppArmor => {
                "AppArmor takes its power away (kernel.apparmor_restrict_unprivileged_userns is 1)"
            }
            Self::Threads => "this process has several threads",
            Self::NotBuilt => "the kernel has none",
            Self::Denied => "it is forbidden here",
        })
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

fn refused(errno: Errno) -> Error {
    let refusal = match errno {
        Errno::NOSPC | Errno::USERS if sysctl("user/max_user_namespaces") == Some(0) => {
            Refusal::LimitIsZero
        }
        Errno::NOSPC | Errno::USERS => Refusal::LimitReached,
        Errno::INVAL if threads() > 1 => Refusal::Threads,
        Errno::INVAL | Errno::NOSYS => Refusal::NotBuilt,
        _ if sysctl("kernel/unprivileged_userns_clone") == Some(0) => Refusal::Switched,
        _ if restricted_by_apparmor() => Refusal::AppArmor,
        _ => Refusal::Denied,
    };
    Error::UserNamespace {
        refusal,
        source: errno.into(),
    }
}

fn powerless(errno: Errno) -> Error {
    match restricted_by_apparmor() {
        true => Error::UserNamespace {
            refusal: Refusal::AppArmor,
            source: errno.into(),
        },
        false => Error::kernel(Step::TryNamespace, "", errno),
    }
}

fn restricted_by_apparmor() -> bool {
    sysctl("kernel/apparmor_restrict_unprivileged_userns") == Some(1)
}

fn sysctl(name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
    text.trim().parse().ok()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}
