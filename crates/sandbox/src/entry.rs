//! A further process in the sandbox of one that runs.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rootfs::Root;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, pidfd_open, set_dumpable_behavior};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::privileges::{self, Grant};
use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::{Capabilities, Error, Process, Seccomp, cgroup, stdio, working_directory};

/// The namespaces that a sandbox can have of its own, by their names in `/proc/PID/ns`, in the order in which they are
/// entered. That of process IDs is missing: it is the business of the parent, as one is born into it.
const NAMESPACES: [(&str, ThreadNameSpaceType); 6] = [
    ("cgroup", ThreadNameSpaceType::CONTROL_GROUP),
    ("ipc", ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION),
    ("uts", ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME),
    ("net", ThreadNameSpaceType::NETWORK),
    ("mnt", ThreadNameSpaceType::MOUNT),
    ("user", ThreadNameSpaceType::USER),
];

/// The way into the sandbox of a running process, and what the new process may do there.
#[derive(Debug)]
pub struct Entry {
    pub(crate) process: OwnedFd,
    pub(crate) pid: u32,
    pub(crate) namespaces: ThreadNameSpaceType,
    /// The most that the process, and whatever it runs, can have.
    pub capabilities: Capabilities,
    /// The system call filter.
    pub seccomp: Seccomp,
    /// Whether execve(2) gives nothing that the process does not have already.
    pub no_new_privileges: bool,
    /// The control groups to run in: their `cgroup.procs`, open for writing.
    pub cgroups: Vec<OwnedFd>,
}

impl Entry {
    /// The way into the sandbox of the process with this number, which `pidfd` holds.
    ///
    /// # Errors
    /// When the process has ended, or is not one that this user may look into.
    pub fn new(pid: u32, pidfd: OwnedFd) -> Result<Self, Error> {
        let mut namespaces = ThreadNameSpaceType::empty();
        for (name, kind) in NAMESPACES {
            let of = |process: &str| {
                let path = format!("/proc/{process}/ns/{name}");
                let found = fs::metadata(&path).map(|metadata| (metadata.dev(), metadata.ino()));
                found.map_err(|source| Error::Kernel {
                    step: Step::FindNamespaces,
                    object: path,
                    source,
                })
            };
            // To enter one's own is refused to who has no power over it, and is not needed.
            if of(&pid.to_string())? != of("thread-self")? {
                namespaces |= kind;
            }
        }
        // If the process had ended, the number could have been another's by now.
        is_alive(&pidfd).map_err(|errno| Error::kernel(Step::FindNamespaces, "", errno))?;
        Ok(Self {
            process: pidfd,
            pid,
            namespaces,
            capabilities: Capabilities::DEFAULT,
            seccomp: Seccomp::Default,
            no_new_privileges: false,
            cgroups: Vec::new(),
        })
    }

    /// The root that the process sees, for looking into it. What is mounted there is seen too.
    ///
    /// # Errors
    /// When the process has ended, or is not one that this user may look into.
    pub fn root(&self) -> Result<Root, Error> {
        let path = format!("/proc/{}/root", self.pid);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&path, flags, Mode::empty())
            .and_then(|root| is_alive(&self.process).map(|()| Root::from_fd(root)))
            .map_err(|errno| Error::kernel(Step::FindNamespaces, path, errno))
    }
}

fn is_alive(pidfd: impl AsFd) -> Result<(), Errno> {
    // The signal 0 asks only.
    crate::sys::send_signal(pidfd.as_fd(), 0)
}

/// A descriptor of the process with this number: pidfd_open(2).
///
/// # Errors
/// When there is none.
pub fn open_process(pid: u32) -> Result<OwnedFd, Error> {
    let failed = |errno| Error::kernel(Step::FindNamespaces, format!("process {pid}"), errno);
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let number = number.ok_or_else(|| failed(Errno::SRCH))?;
    pidfd_open(number, PidfdFlags::empty()).map_err(failed)
}

/// In the child: joins the sandbox.
pub(crate) fn enter(
    entry: &Entry,
    process: &Process,
    (filter, supervisor): (&[u8], Option<BorrowedFd<'_>>),
) -> Result<(), Failure> {
    cgroup::enter(&entry.cgroups)?;
    // Nobody inside shall get hold of this process before it is one of theirs (CVE-2016-9962).
    set_dumpable_behavior(DumpableBehavior::NotDumpable).at(Step::EnterNamespaces)?;
    let target = entry.process.as_fd();
    // Other users' identities last, as these namespaces are not those users'.
    let first = entry.namespaces.difference(ThreadNameSpaceType::USER);
    if !first.is_empty() {
        move_into_thread_name_spaces(target, first).at(Step::EnterNamespaces)?;
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::openat(CWD, "/", flags, Mode::empty()).at(Step::EnterNamespaces)?;
    working_directory::enter_existing(&Root::from_fd(root), &process.cwd)?;
    stdio::give_to(process)?;
    if entry.namespaces.contains(ThreadNameSpaceType::USER) {
        move_into_thread_name_spaces(target, ThreadNameSpaceType::USER)
            .at(Step::EnterUserNamespace)?;
    }
    privileges::become_user(
        &process.user,
        Grant {
            capabilities: entry.capabilities,
            no_new_privileges: entry.no_new_privileges,
            filter,
            supervisor,
            recorder: None,
        },
    )
}
