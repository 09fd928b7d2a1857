//! Why there is no user namespace, as far as it can be found out.

use std::fmt;
use std::fs;

use rustix::io::Errno;

use crate::Error;
use crate::step::Step;
use crate::sys;

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
    /// A system call filter (seccomp(2)) answers with an error, as that of a container does.
    Filtered,
    /// A security module (SELinux, AppArmor, a BPF program).
    SecurityModule,
    /// This process is in a chroot, where the kernel makes none: user_namespaces(7).
    Chroot,
    /// This process's own ids have no number in the user namespace that it is in.
    Unmapped,
    /// Something else.
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
            Self::Filtered => {
                "a system call filter (seccomp) forbids it, as in a container with Docker's default profile"
            }
            Self::SecurityModule => "a security module (SELinux, AppArmor) forbids it",
            Self::Chroot => "this process is in a chroot, where the kernel makes none",
            Self::Unmapped => {
                "this process's user or group is not mapped in the user namespace that it is in"
            }
            Self::Denied => "it is forbidden here",
        })
    }
}

pub(super) fn refused(errno: Errno) -> Error {
    let refusal = match errno {
        Errno::NOSPC | Errno::USERS if sysctl("user/max_user_namespaces") == Some(0) => {
            Refusal::LimitIsZero
        }
        Errno::NOSPC | Errno::USERS => Refusal::LimitReached,
        Errno::INVAL if threads() > 1 => Refusal::Threads,
        Errno::INVAL => Refusal::NotBuilt,
        _ if sys::is_unshare_filtered() => Refusal::Filtered,
        _ if sysctl("kernel/unprivileged_userns_clone") == Some(0) => Refusal::Switched,
        _ if restricted_by_apparmor() => Refusal::AppArmor,
        Errno::ACCESS => Refusal::SecurityModule,
        _ if is_chrooted() => Refusal::Chroot,
        _ if !is_mapped() => Refusal::Unmapped,
        _ => Refusal::Denied,
    };
    Error::UserNamespace {
        refusal,
        source: errno.into(),
    }
}

pub(super) fn powerless(errno: Errno) -> Error {
    match restricted_by_apparmor() {
        true => Error::UserNamespace {
            refusal: Refusal::AppArmor,
            source: errno.into(),
        },
        false => Error::kernel(Step::TryNamespace, "", errno),
    }
}

pub(super) fn restricted_by_apparmor() -> bool {
    sysctl("kernel/apparmor_restrict_unprivileged_userns") == Some(1)
}

fn sysctl(name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
    text.trim().parse().ok()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Whether the root of this process is plainly none of a mount. One that was made a mount before is not noticed.
fn is_chrooted() -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, "/", AtFlags::empty(), StatxFlags::empty()).is_ok_and(|root| {
        let flag = StatxAttributes::MOUNT_ROOT;
        root.stx_attributes_mask.contains(flag) && !root.stx_attributes.contains(flag)
    })
}

/// Whether both ids of this process have a number here. Those that have none are shown as the overflow id
/// (user_namespaces(7)), which usually has none, either.
fn is_mapped() -> bool {
    let (uid, gid) = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let has = |file: &str, id: u32| {
        let map = fs::read_to_string(file).unwrap_or_default();
        map.lines().any(|line| {
            let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
            let (Some(Ok(first)), _, Some(Ok(count))) =
                (numbers.next(), numbers.next(), numbers.next())
            else {
                return false;
            };
            id >= first && id - first < count
        })
    };
    has("/proc/self/uid_map", uid) && has("/proc/self/gid_map", gid)
}
