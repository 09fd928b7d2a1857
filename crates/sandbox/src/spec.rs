//! What the caller says about a sandbox and the process in it.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};

use crate::step::Step;
use crate::{Capabilities, Error, NetworkNamespace, Ulimit};

/// The search path when [`Process::env`] has none: the one Docker gives to its containers.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The places of the root that every sandbox mounts something on. One that is missing is made in the root (and so
/// in an overlay's upper directory): a caller who does not want that puts them into a lower layer first.
pub const MOUNT_POINTS: &[MountPoint] = &[
    MountPoint {
        path: "/dev",
        directory: true,
    },
    MountPoint {
        path: "/proc",
        directory: true,
    },
    MountPoint {
        path: "/sys",
        directory: true,
    },
    MountPoint {
        path: "/etc/hosts",
        directory: false,
    },
    MountPoint {
        path: "/etc/resolv.conf",
        directory: false,
    },
];

/// A place of the root that a sandbox mounts something on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MountPoint {
    /// Absolute path inside the root.
    pub path: &'static str,
    /// Whether a directory is needed there, else a file.
    pub directory: bool,
}

/// The surroundings of a process: root, mounts, network and limits on what it may do.
///
/// The detached mounts in it (the root and the sources of bind mounts) are attached by [`spawn()`](crate::spawn()),
/// which the kernel allows once: a `Sandbox` serves for one process.
#[derive(Debug)]
pub struct Sandbox {
    /// What keeps the process apart from the caller.
    pub isolation: Isolation,
    /// The root directory: a detached mount (`fsmount(2)`, or `open_tree(2)` with `OPEN_TREE_CLONE`); any directory for
    /// [`Isolation::Chroot`].
    pub root: OwnedFd,
    /// Host name, as `uname(2)` tells it.
    pub hostname: String,
    /// Which network is seen.
    pub network: Network,
    /// The namespace that a network of its own is; a fresh one without.
    pub network_namespace: Option<NetworkNamespace>,
    /// Further mounts, in this order; a later one covers an earlier one at the same target.
    pub mounts: Vec<Mount>,
    /// The most that the process, and whatever it runs, can have.
    pub capabilities: Capabilities,
    /// The system call filter.
    pub seccomp: Seccomp,
    /// What of the host's kernel can be reached.
    pub kernel: KernelAccess,
    /// Device nodes of the host, besides those that every sandbox has.
    pub devices: Vec<Device>,
    /// Limits of setrlimit(2); what is not named here is as in the caller.
    pub ulimits: Vec<Ulimit>,
    /// The control groups to run in: their `cgroup.procs`, open for writing (see [`Cgroup`](crate::Cgroup)).
    pub cgroups: Vec<OwnedFd>,
    /// Whether the root is mounted read-only (the mounts on it are not touched by this).
    pub read_only_root: bool,
    /// Whether execve(2) gives nothing that the process does not have already: set-user-ID programs, file capabilities.
    pub no_new_privileges: bool,
    /// Whether process 1 is one that reaps what others leave and passes signals on to the program, which is its child.
    pub init: bool,
    /// Size of `/dev/shm` in bytes.
    pub shm_size: u64,
    /// Content of `/etc/hosts`, mounted read-only.
    pub hosts: Vec<u8>,
    /// Content of `/etc/resolv.conf`, mounted read-only.
    pub resolv_conf: Vec<u8>,
    /// A user namespace that the process enters when the rest is done: [`Emulation::namespace`](crate::Emulation::namespace).
    /// The caller's own without one.
    pub user_namespace: Option<OwnedFd>,
}

impl Sandbox {
    /// A sandbox on `root` with Docker's defaults and no network but loopback.
    #[must_use]
    pub fn new(root: OwnedFd) -> Self {
        Self {
            isolation: Isolation::Namespaces,
            root,
            hostname: "localhost".to_owned(),
            network: Network::None,
            network_namespace: None,
            mounts: Vec::new(),
            capabilities: Capabilities::DEFAULT,
            seccomp: Seccomp::Default,
            kernel: KernelAccess::Guarded,
            devices: Vec::new(),
            ulimits: Vec::new(),
            cgroups: Vec::new(),
            read_only_root: false,
            no_new_privileges: false,
            init: false,
            shm_size: 64 << 20,
            hosts: b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n".to_vec(),
            resolv_conf: Vec::new(),
            user_namespace: None,
        }
    }
}

/// What keeps a process apart from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Namespaces of its own.
    Namespaces,
    /// A chroot(2), where neither namespaces nor mounts are allowed. Network and host name are the caller's, whatever is
    /// asked for; there can be no mounts, no terminal, and no user namespace. Its [`Child`](crate::Child) is another process, which ends
    /// as the program does when nothing is left of it.
    Chroot,
}

/// Which network the process sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The caller's own.
    Host,
    /// A network namespace that has the loopback interface, up, and nothing else.
    None,
    /// As `None`, meant to be reached from outside through a [`Dialer`](crate::Dialer).
    Private,
}

/// Whether system calls are filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seccomp {
    /// Docker's default profile, for the capabilities of the sandbox.
    Default,
    /// No filter (`--security=insecure`, `--privileged`).
    Unconfined,
}

/// What of the host's kernel a process can reach, as far as its capabilities let it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelAccess {
    /// Parts of `/proc` and `/sys` are hidden or read-only, and device nodes that the process makes open nothing.
    Guarded,
    /// All of `/proc` and `/sys`, the control groups too, writable; device nodes that root makes are devices
    /// (`--security=insecure`, `--privileged`).
    Open,
}

/// A device node of the host that is seen in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The node on the host.
    pub host: PathBuf,
    /// Where it is seen: a path below `/dev`.
    pub path: PathBuf,
}

/// Something mounted inside the root.
#[derive(Debug)]
pub struct Mount {
    /// Absolute path inside the root; links on the way are followed inside the root. What is missing is made:
    /// directories 0755 and an empty file 0644 of root's.
    pub target: PathBuf,
    /// What is mounted.
    pub kind: MountKind,
}

/// What is mounted on a target.
#[derive(Debug)]
pub enum MountKind {
    /// A directory or file that is elsewhere.
    Bind {
        /// A detached mount: from [`clone_mount`](crate::clone_mount), or a mount of a whole file system.
        source: OwnedFd,
        /// Path inside `source`, with links followed inside it; empty for `source` itself.
        path: PathBuf,
        /// Whether it (with everything mounted below it) cannot be written to.
        read_only: bool,
    },
    /// A fresh file system in memory.
    Tmpfs {
        /// Limit in bytes; the kernel's default (half of the memory) without one.
        size: Option<u64>,
        /// Permission bits of its root directory.
        mode: u32,
        /// Whether no program can be executed from it.
        no_execute: bool,
    },
    /// A file with this content, in memory, read-only: secrets and scripts.
    File {
        /// The content.
        content: Vec<u8>,
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
}

/// The program to run and what it is given.
#[derive(Debug, Clone)]
pub struct Process {
    /// The program, then its arguments. A program without `/` is looked for in `PATH`.
    pub args: Vec<OsString>,
    /// The whole environment, each `NAME=value`.
    pub env: Vec<OsString>,
    /// Working directory inside the root; made (0755, root's) if it is missing.
    pub cwd: PathBuf,
    /// As whom it runs.
    pub user: User,
    /// A terminal of this size as standard input, output, error and controlling terminal, in place of the
    /// [`Stdio`] given to [`spawn()`](crate::spawn()). Its other end is [`Child::terminal`](crate::Child::terminal).
    pub terminal: Option<WindowSize>,
}

/// Numeric identity of a process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary groups, all of them.
    pub groups: Vec<u32>,
}

/// Size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

/// Where the process reads and writes.
#[derive(Debug)]
pub struct Stdio {
    /// Descriptor 0.
    pub stdin: OwnedFd,
    /// Descriptor 1.
    pub stdout: OwnedFd,
    /// Descriptor 2.
    pub stderr: OwnedFd,
}

impl Stdio {
    /// Nothing to read, and everything written is thrown away.
    ///
    /// # Errors
    /// When `/dev/null` cannot be opened.
    pub fn null() -> Result<Self, Error> {
        let open = || {
            let flags = OFlags::RDWR | OFlags::CLOEXEC;
            rustix::fs::open("/dev/null", flags, Mode::empty())
                .map_err(|errno| Error::kernel(Step::OpenNull, "/dev/null", errno))
        };
        Ok(Self {
            stdin: open()?,
            stdout: open()?,
            stderr: open()?,
        })
    }
}
