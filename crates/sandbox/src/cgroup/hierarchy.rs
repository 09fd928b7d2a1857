//! Where the controllers are: the hierarchies that are mounted.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// Where root's groups are, without a parent that was named.
const ROOTS: &str = "carafe";

/// A mounted hierarchy with controllers that are to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// Its mount point.
    pub(crate) root: PathBuf,
    /// Whether it is the one of version 2.
    pub(crate) unified: bool,
    /// Those of the needed controllers that it has.
    pub(crate) controllers: Vec<&'static str>,
}

/// A line of mountinfo, see proc_pid_mountinfo(5).
struct Mounted {
    point: PathBuf,
    unified: bool,
    /// Of version 1: its controllers, among other words.
    words: Vec<String>,
}

/// The hierarchies that have the controllers `needed`; all that are known if none is.
pub(crate) fn with(needed: &[&'static str]) -> Result<Vec<Hierarchy>, Error> {
    let table = fs::read_to_string("/proc/self/mountinfo")
        .map_err(Error::cgroup("read", Path::new("/proc/self/mountinfo")))?;
    let mounted: Vec<Mounted> = table.lines().filter_map(read_line).collect();
    let mut found: Vec<Hierarchy> = Vec::new();
    for &controller in needed {
        let there = mounted
            .iter()
            .find(|mounted| has(mounted, controller))
            .ok_or(Error::NoController { controller })?;
        match found.iter_mut().find(|known| known.root == there.point) {
            Some(known) => known.controllers.push(controller),
            None => found.push(Hierarchy {
                root: there.point.clone(),
                unified: there.unified,
                controllers: vec![controller],
            }),
        }
    }
    if needed.is_empty() {
        let known = ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio"];
        found.extend(
            mounted
                .into_iter()
                .filter(|at| at.unified || known.iter().any(|name| has(at, name)))
                .map(|at| Hierarchy {
                    root: at.point,
                    unified: at.unified,
                    controllers: Vec::new(),
                }),
        );
        // A hierarchy that is mounted in several places is entered once.
        let seen = std::mem::take(&mut found);
        for hierarchy in seen {
            let same = |other: &Hierarchy| other.root.file_name() == hierarchy.root.file_name();
            if !found.iter().any(same) {
                found.push(hierarchy);
            }
        }
    }
    match found.is_empty() {
        true => Err(Error::NoController { controller: "any" }),
        false => Ok(found),
    }
}

fn read_line(line: &str) -> Option<Mounted> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut words = file_system.split(' ');
    let unified = match words.next()? {
        "cgroup2" => true,
        "cgroup" => false,
        _ => return None,
    };
    let options = words.nth(1).unwrap_or_default();
    let mut fields = mount.split(' ');
    let point = fields.nth(4)?;
    Some(Mounted {
        // Blanks are written `\040`; a hierarchy with one in its path is nobody's.
        point: PathBuf::from(point),
        unified,
        words: options.split(',').map(str::to_owned).collect(),
    })
}

fn has(mounted: &Mounted, controller: &str) -> bool {
    if !mounted.unified {
        return mounted.words.iter().any(|word| word == controller);
    }
    let controllers = fs::read_to_string(mounted.point.join("cgroup.controllers"));
    controllers.is_ok_and(|words| words.split_whitespace().any(|word| word == controller))
}

impl Hierarchy {
    /// The directory for groups, made if it is missing, with the controllers switched on for what is made in it.
    pub(crate) fn place(&self, parent: Option<&Path>) -> Result<PathBuf, Error> {
        let place = match parent {
            Some(parent) => self.root.join(relative(parent)),
            None if rustix::process::geteuid().is_root() && is_writable(&self.root) => {
                self.root.join(ROOTS)
            }
            None => self.delegated()?,
        };
        fs::create_dir_all(&place).map_err(Error::cgroup("make", &place))?;
        let mut way: Vec<&Path> = place
            .ancestors()
            .take_while(|at| at.starts_with(&self.root))
            .collect();
        way.reverse();
        for at in way {
            self.switch_on(at)?;
        }
        Ok(place)
    }

    /// Whether this user can make groups with the controllers.
    pub(crate) fn is_usable(&self) -> bool {
        if rustix::process::geteuid().is_root() && is_writable(&self.root) {
            return true;
        }
        let lists = |place: PathBuf| {
            let there = fs::read_to_string(place.join("cgroup.controllers")).unwrap_or_default();
            let is_there = |name: &&str| there.split_whitespace().any(|word| word == *name);
            self.controllers.iter().all(is_there)
        };
        self.delegated()
            .is_ok_and(|place| !self.unified || lists(place))
    }

    /// The highest group around this process that it may make groups in.
    fn delegated(&self) -> Result<PathBuf, Error> {
        let own = self.root.join(relative(&self.own()?));
        own.ancestors()
            .take_while(|at| at.starts_with(&self.root))
            .take_while(|at| is_writable(at))
            .last()
            .map(Path::to_owned)
            .ok_or(Error::NoController {
                controller: self.controllers.first().copied().unwrap_or("any"),
            })
    }

    /// The group that this process is in.
    fn own(&self) -> Result<PathBuf, Error> {
        let path = Path::new("/proc/self/cgroup");
        let table = fs::read_to_string(path).map_err(Error::cgroup("read", path))?;
        let is_ours = |controllers: &str| match self.unified {
            true => controllers.is_empty(),
            false => self
                .controllers
                .first()
                .is_none_or(|name| controllers.split(',').any(|word| word == *name)),
        };
        let own = table.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            is_ours(controllers).then(|| PathBuf::from(path))
        });
        Ok(own.unwrap_or_else(|| PathBuf::from("/")))
    }

    /// Version 2: lets the groups in `at` have the controllers.
    fn switch_on(&self, at: &Path) -> Result<(), Error> {
        if !self.unified {
            return Ok(());
        }
        let path = at.join("cgroup.subtree_control");
        let on = fs::read_to_string(&path).unwrap_or_default();
        for controller in &self.controllers {
            if !on.split_whitespace().any(|word| word == *controller) {
                fs::write(&path, format!("+{controller}"))
                    .map_err(Error::cgroup("switch on controllers in", &path))?;
            }
        }
        Ok(())
    }

    /// Version 1: a group of the controller `cpuset` can hold nobody before it has processors and memory.
    pub(crate) fn prepare(&self, directory: &Path) -> Result<(), Error> {
        if self.unified || !directory.join("cpuset.cpus").exists() {
            return Ok(());
        }
        let mut way: Vec<&Path> = directory
            .ancestors()
            .take_while(|at| *at != self.root)
            .collect();
        way.reverse();
        for at in way {
            for file in ["cpuset.cpus", "cpuset.mems"] {
                let path = at.join(file);
                let have = fs::read_to_string(&path).unwrap_or_default();
                if have.trim().is_empty() {
                    let above = at.parent().unwrap_or(&self.root).join(file);
                    let value =
                        fs::read_to_string(&above).map_err(Error::cgroup("read", &above))?;
                    fs::write(&path, value.trim()).map_err(Error::cgroup("set", &path))?;
                }
            }
        }
        Ok(())
    }
}

fn is_writable(directory: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(directory, Access::WRITE_OK).is_ok()
        && access(directory.join("cgroup.procs"), Access::WRITE_OK).is_ok()
}

/// A path from the root of a hierarchy; what would lead out of it is left away.
fn relative(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{read_line, relative};
    use std::path::Path;

    #[test]
    fn mounts_are_read() {
        let one = "42 41 0:35 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:19 - cgroup cgroup rw,cpu,cpuacct";
        let read = read_line(one).unwrap();
        assert!(!read.unified && read.words.contains(&"cpuacct".to_owned()));
        assert_eq!(read.point, Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        let two = "30 23 0:26 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate";
        assert!(read_line(two).unwrap().unified);
        assert!(read_line("22 1 254:0 / / rw - ext4 /dev/vda rw").is_none());
        assert!(read_line("").is_none());
    }

    #[test]
    fn no_path_leads_out() {
        assert_eq!(relative(Path::new("/a/../../b/./c")), Path::new("a/b/c"));
        assert_eq!(relative(Path::new("/")), Path::new(""));
    }
}
