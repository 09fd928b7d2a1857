//! Control groups (cgroups(7)): what all processes of a sandbox together may use.
//!
//! Both versions are spoken, and both at once where a machine has them so: each controller is used where it is.

mod hierarchy;
mod settings;

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::io::Errno;

use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::{Error, guard, sys};
use settings::settings;

/// What the name of every group begins with; the number of the process that made it follows.
const PREFIX: &str = "carafe-";

/// What a group may use. `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupLimits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Bytes of memory and swap together; a negative number is no limit.
    pub memory_swap: Option<i64>,
    /// Share of the processors when they are all busy, where others have 1024.
    pub cpu_shares: Option<u64>,
    /// Microseconds in which `cpu_quota` can be used up.
    pub cpu_period: Option<u64>,
    /// Microseconds of processor time in each period; a negative number is no limit.
    pub cpu_quota: Option<i64>,
    /// Processors that may be used: `0-3,7`.
    pub cpuset_cpus: Option<String>,
    /// Memory nodes that may be used: `0-1`.
    pub cpuset_mems: Option<String>,
    /// How many processes and threads there may be at a time.
    pub pids: Option<u64>,
}

impl CgroupLimits {
    /// The controllers that are needed.
    fn controllers(&self) -> Vec<&'static str> {
        let cpu =
            self.cpu_shares.is_some() || self.cpu_period.is_some() || self.cpu_quota.is_some();
        let memory = self.memory.is_some() || self.memory_swap.is_some();
        let cpuset = self.cpuset_cpus.is_some() || self.cpuset_mems.is_some();
        let pids = self.pids.is_some();
        [
            ("memory", memory),
            ("cpu", cpu),
            ("cpuset", cpuset),
            ("pids", pids),
        ]
        .into_iter()
        .filter_map(|(name, needed)| needed.then_some(name))
        .collect()
    }
}

/// A controller of control groups, as this machine has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Controller {
    /// Its name.
    pub name: &'static str,
    /// The version of control groups that it is in, 1 or 2; `None` if it is in neither.
    pub version: Option<u8>,
    /// Whether this user can make groups with it.
    pub usable: bool,
}

impl Controller {
    /// Those that limits are made of.
    #[must_use]
    pub fn survey() -> [Self; 4] {
        ["cpu", "cpuset", "memory", "pids"].map(|name| {
            let found = hierarchy::with(&[name]).unwrap_or_default();
            let hierarchy = found.first();
            Self {
                name,
                version: hierarchy.map(|there| 1 + u8::from(there.unified)),
                usable: hierarchy.is_some_and(hierarchy::Hierarchy::is_usable),
            }
        })
    }
}

/// A control group for one sandbox: a directory in each hierarchy that it takes. It is removed when this is dropped, and
/// must be empty then.
#[derive(Debug)]
pub struct Cgroup {
    directories: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes a group with these limits, below `parent`: a path from the root of the hierarchies. Without one that is
    /// `/carafe` for root, and for others the highest group that is theirs.
    ///
    /// # Errors
    /// [`Error::NoController`] if the system has none for a limit, or gives none to this user; [`Error::Cgroup`] if a
    /// directory or a limit is refused.
    pub fn make(parent: Option<&Path>, limits: &CgroupLimits) -> Result<Self, Error> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{count}", std::process::id());
        let needed = limits.controllers();
        let mut group = Self {
            directories: Vec::new(),
        };
        for hierarchy in hierarchy::with(&needed)? {
            let place = hierarchy.place(parent)?;
            sweep(&place);
            let directory = place.join(&name);
            fs::create_dir(&directory).map_err(Error::cgroup("make", &directory))?;
            guard::remove_group(&directory);
            group.directories.push(directory.clone());
            hierarchy.prepare(&directory)?;
            for (file, value) in settings(&hierarchy, limits) {
                let path = directory.join(file);
                fs::write(&path, &value).map_err(Error::cgroup("set", &path))?;
            }
        }
        Ok(group)
    }

    /// Its directories, one in each hierarchy that it takes.
    #[must_use]
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// What [`Sandbox::cgroups`](crate::Sandbox::cgroups) takes.
    ///
    /// # Errors
    /// [`Error::Cgroup`] if processes cannot be put into it.
    pub fn entries(&self) -> Result<Vec<OwnedFd>, Error> {
        Self::entries_of(&self.directories)
    }

    /// The same for a group that another process has made, by its directories.
    ///
    /// # Errors
    /// [`Error::Cgroup`] if processes cannot be put into it.
    pub fn entries_of(directories: &[PathBuf]) -> Result<Vec<OwnedFd>, Error> {
        let open = |directory: &PathBuf| {
            let path = directory.join("cgroup.procs");
            let file = fs::OpenOptions::new().write(true).open(&path);
            file.map(OwnedFd::from)
                .map_err(Error::cgroup("enter", &path))
        };
        directories.iter().map(open).collect()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        self.directories.iter().for_each(|group| remove(group));
    }
}

/// Removes a group that is empty, or about to be: the kernel may still be clearing away the last process. What stays is
/// swept by the next one.
pub(crate) fn remove(group: &Path) {
    for _ in 0..20 {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => break,
        }
    }
}

/// Removes groups that killed processes have left.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| {
            let (owner, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
            owner.parse::<u32>().ok()
        });
        if owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists()) {
            // One that somebody is in cannot be removed, and should not be.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Puts this process into groups.
pub(crate) fn enter(groups: &[OwnedFd]) -> Result<(), Failure> {
    for group in groups {
        // "0" is the process that writes it, whatever PID namespace it is in.
        rustix::io::write(group.as_fd(), b"0").at(Step::EnterCgroup)?;
    }
    Ok(())
}

/// Keeps `/proc/self/cgroup` from telling where on the host this is. A kernel without such namespaces tells it.
pub(crate) fn hide_place() -> Result<(), Failure> {
    match sys::unshare_control_groups() {
        Err(Errno::INVAL) => Ok(()),
        unshared => unshared.at(Step::HideCgroup),
    }
}
