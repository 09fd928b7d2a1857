//! The system calls that a supervisor is asked about.

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, c_long};

use crate::seccomp::{Fit, Question};

use Question::{Absent, Always, If};

/// What a call does, whatever its form: of the older ones the arguments are brought into the order of the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// fchownat(2): directory, path, user, group, flags.
    ChangeOwner,
    /// newfstatat(2): directory, path, structure, flags.
    Stat,
    /// statx(2).
    Statx,
    /// openat(2) that makes a file: directory, path, flags, mode.
    Open,
    /// openat2(2).
    OpenHow,
    /// mkdirat(2): directory, path, mode.
    MakeDirectory,
    /// symlinkat(2): target, directory, path.
    MakeLink,
    /// mknodat(2): directory, path, mode, device.
    MakeNode,
    /// bind(2).
    Bind,
    /// utimensat(2): directory, path, times, flags.
    SetTimes,
    /// llistxattr(2): directory, path, flags, list, size.
    ListAttributes,
    /// getxattr(2) and its kin: the second argument is the name.
    GetAttribute,
    /// setxattr(2) and its kin.
    SetAttribute,
    /// removexattr(2) and its kin.
    RemoveAttribute,
    /// execveat(2): directory, path, arguments, environment, flags.
    Execute,
    /// The numbers of a process: one of their setters and getters (credentials(7)).
    Credentials(Credential),
    /// prctl(2) with `PR_SET_KEEPCAPS`.
    KeepCapabilities,
    /// getrlimit(2): resource, structure.
    GetLimit,
    /// setrlimit(2).
    SetLimit,
    /// prlimit(2): process, resource, new, old.
    Limit,
    /// getsockopt(2) with `SO_PEERCRED`.
    Peer,
    /// What may change the root that paths begin at: chroot(2), and new mount namespaces.
    ChangeRoot,
    /// chroot(2), which is only root's.
    Chroot,
    /// clone3(2), whose flags are behind a pointer.
    Clone3,
    /// No supervisor hears of it.
    Unheard,
}

/// A call that reads or sets user and group IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    SetUser,
    SetGroup,
    SetUsers,
    SetGroups,
    SetAllUsers,
    SetAllGroups,
    SetFileUser,
    SetFileGroup,
    SetSupplementary,
    User,
    EffectiveUser,
    Group,
    EffectiveGroup,
    AllUsers,
    AllGroups,
    Supplementary,
}

impl Credential {
    pub(super) const fn is_getter(self) -> bool {
        matches!(
            self,
            Self::User
                | Self::EffectiveUser
                | Self::Group
                | Self::EffectiveGroup
                | Self::AllUsers
                | Self::AllGroups
                | Self::Supplementary
        )
    }
}

/// A system call.
pub(super) struct Row {
    pub(super) number: c_long,
    pub(super) call: Call,
    /// Brings its arguments into the order that [`Call`] tells.
    pub(super) arrange: fn([u64; 6]) -> [u64; 6],
    pub(super) question: Question,
}

pub(super) const CWD: u64 = AT_FDCWD as u64;
const NOFOLLOW: u64 = AT_SYMLINK_NOFOLLOW as u64;
/// Stands for "the descriptor itself": the path is empty whatever its address is.
const ITSELF: u64 = AT_EMPTY_PATH as u64;

/// The bits of open(2) that make files: `O_CREAT` and `__O_TMPFILE`.
pub(super) const MAKES: u32 = 0o2000_0100;
/// `CLONE_NEWNS` and `CLONE_NEWUSER`.
pub(super) const NEW_ROOT: u64 = 0x1002_0000;
const LOCKS: u32 = super::limits::TOKEN;

const fn row(number: c_long, call: Call, question: Question) -> Row {
    Row {
        number,
        call,
        arrange: |arguments| arguments,
        question,
    }
}

const fn arranged(number: c_long, call: Call, arrange: fn([u64; 6]) -> [u64; 6]) -> Row {
    Row {
        number,
        call,
        arrange,
        question: Always,
    }
}

/// Calls that every architecture has.
#[rustfmt::skip]
const COMMON: &[Row] = &[
    row(libc::SYS_fchownat, Call::ChangeOwner, Always),
    arranged(libc::SYS_fchown, Call::ChangeOwner, |[fd, uid, gid, ..]| [fd, 0, uid, gid, ITSELF, 0]),
    row(libc::SYS_newfstatat, Call::Stat, Always),
    arranged(libc::SYS_fstat, Call::Stat, |[fd, to, ..]| [fd, 0, to, ITSELF, 0, 0]),
    row(libc::SYS_statx, Call::Statx, Always),
    row(libc::SYS_openat, Call::Open, If(2, Fit::HasAny(MAKES))),
    row(libc::SYS_openat2, Call::OpenHow, Always),
    row(libc::SYS_mkdirat, Call::MakeDirectory, Always),
    row(libc::SYS_symlinkat, Call::MakeLink, Always),
    row(libc::SYS_mknodat, Call::MakeNode, Always),
    row(libc::SYS_bind, Call::Bind, Always),
    row(libc::SYS_utimensat, Call::SetTimes, Always),
    arranged(libc::SYS_listxattr, Call::ListAttributes, |[path, list, size, ..]| [CWD, path, 0, list, size, 0]),
    arranged(libc::SYS_llistxattr, Call::ListAttributes, |[path, list, size, ..]| [CWD, path, NOFOLLOW, list, size, 0]),
    arranged(libc::SYS_flistxattr, Call::ListAttributes, |[fd, list, size, ..]| [fd, 0, ITSELF, list, size, 0]),
    row(libc::SYS_getxattr, Call::GetAttribute, Always),
    row(libc::SYS_lgetxattr, Call::GetAttribute, Always),
    row(libc::SYS_fgetxattr, Call::GetAttribute, Always),
    row(libc::SYS_setxattr, Call::SetAttribute, Always),
    row(libc::SYS_lsetxattr, Call::SetAttribute, Always),
    row(libc::SYS_fsetxattr, Call::SetAttribute, Always),
    row(libc::SYS_removexattr, Call::RemoveAttribute, Always),
    row(libc::SYS_lremovexattr, Call::RemoveAttribute, Always),
    row(libc::SYS_fremovexattr, Call::RemoveAttribute, Always),
    row(libc::SYS_execveat, Call::Execute, Always),
    arranged(libc::SYS_execve, Call::Execute, |[path, ..]| [CWD, path, 0, 0, 0, 0]),
    row(libc::SYS_setuid, Call::Credentials(Credential::SetUser), Always),
    row(libc::SYS_setgid, Call::Credentials(Credential::SetGroup), Always),
    row(libc::SYS_setreuid, Call::Credentials(Credential::SetUsers), Always),
    row(libc::SYS_setregid, Call::Credentials(Credential::SetGroups), Always),
    row(libc::SYS_setresuid, Call::Credentials(Credential::SetAllUsers), Always),
    row(libc::SYS_setresgid, Call::Credentials(Credential::SetAllGroups), Always),
    row(libc::SYS_setfsuid, Call::Credentials(Credential::SetFileUser), Always),
    row(libc::SYS_setfsgid, Call::Credentials(Credential::SetFileGroup), Always),
    row(libc::SYS_setgroups, Call::Credentials(Credential::SetSupplementary), Always),
    row(libc::SYS_getuid, Call::Credentials(Credential::User), Always),
    row(libc::SYS_geteuid, Call::Credentials(Credential::EffectiveUser), Always),
    row(libc::SYS_getgid, Call::Credentials(Credential::Group), Always),
    row(libc::SYS_getegid, Call::Credentials(Credential::EffectiveGroup), Always),
    row(libc::SYS_getresuid, Call::Credentials(Credential::AllUsers), Always),
    row(libc::SYS_getresgid, Call::Credentials(Credential::AllGroups), Always),
    row(libc::SYS_getgroups, Call::Credentials(Credential::Supplementary), Always),
    row(libc::SYS_prctl, Call::KeepCapabilities, If(0, Fit::Is(libc::PR_SET_KEEPCAPS as u32))),
    row(libc::SYS_getrlimit, Call::GetLimit, If(0, Fit::Is(LOCKS))),
    row(libc::SYS_setrlimit, Call::SetLimit, If(0, Fit::Is(LOCKS))),
    row(libc::SYS_prlimit64, Call::Limit, If(1, Fit::Is(LOCKS))),
    row(libc::SYS_getsockopt, Call::Peer, If(2, Fit::Is(libc::SO_PEERCRED as u32))),
    row(libc::SYS_chroot, Call::Chroot, Always),
    row(libc::SYS_pivot_root, Call::ChangeRoot, Always),
    row(libc::SYS_unshare, Call::ChangeRoot, If(0, Fit::HasAny(NEW_ROOT as u32))),
    row(libc::SYS_setns, Call::ChangeRoot, Always),
    row(libc::SYS_clone, Call::ChangeRoot, If(0, Fit::HasAny(NEW_ROOT as u32))),
    row(libc::SYS_clone3, Call::Clone3, Always),
    // Files are reached through it past any filter.
    row(libc::SYS_io_uring_setup, Call::Unheard, Absent),
    // setxattrat(2), getxattrat(2), listxattrat(2), removexattrat(2), of Linux 6.13, and file_setattr(2): C libraries know
    // what to do without them.
    row(463, Call::Unheard, Absent),
    row(464, Call::Unheard, Absent),
    row(465, Call::Unheard, Absent),
    row(466, Call::Unheard, Absent),
];

/// Forms that only the older architecture has.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const OLDER: &[Row] = &[
    arranged(libc::SYS_chown, Call::ChangeOwner, |[path, uid, gid, ..]| [CWD, path, uid, gid, 0, 0]),
    arranged(libc::SYS_lchown, Call::ChangeOwner, |[path, uid, gid, ..]| [CWD, path, uid, gid, NOFOLLOW, 0]),
    arranged(libc::SYS_stat, Call::Stat, |[path, to, ..]| [CWD, path, to, 0, 0, 0]),
    arranged(libc::SYS_lstat, Call::Stat, |[path, to, ..]| [CWD, path, to, NOFOLLOW, 0, 0]),
    Row {
        number: libc::SYS_open,
        call: Call::Open,
        arrange: |[path, flags, mode, ..]| [CWD, path, flags, mode, 0, 0],
        question: If(1, Fit::HasAny(MAKES)),
    },
    arranged(libc::SYS_creat, Call::Open, |[path, mode, ..]| {
        [CWD, path, (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC) as u64, mode, 0, 0]
    }),
    arranged(libc::SYS_mkdir, Call::MakeDirectory, |[path, mode, ..]| [CWD, path, mode, 0, 0, 0]),
    arranged(libc::SYS_symlink, Call::MakeLink, |[target, path, ..]| [target, CWD, path, 0, 0, 0]),
    arranged(libc::SYS_mknod, Call::MakeNode, |[path, mode, device, ..]| [CWD, path, mode, device, 0, 0]),
];

#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[Row] = &[];

/// All of them.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    COMMON.iter().chain(OLDER)
}
