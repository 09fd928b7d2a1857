//! What there is, as it was found.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::pasta::{self, NoWayOut};
use sandbox::survey::{self, Filters};
use sandbox::{Controller, Foreign, IdMaps, Identity};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::Site;

/// All that is judged.
#[derive(Debug)]
pub(super) struct Facts {
    /// The kernel's release.
    pub(super) kernel: String,
    /// Who called, by number.
    pub(super) user: u32,
    /// How many user ids the caller's user namespace has.
    pub(super) ids: u64,
    /// Whether this is inside a container of somebody's.
    pub(super) contained: bool,
    /// Whether a user namespace can be made.
    pub(super) namespace: Result<(), sandbox::Error>,
    pub(super) maps: IdMaps,
    pub(super) filters: Filters,
    /// Whether users and owners can be made up.
    pub(super) supervised: bool,
    pub(super) controllers: [Controller; 4],
    /// Who carafe is at work, and how long it took to become that.
    pub(super) identity: Result<(Identity, Duration), sandbox::Error>,
    /// How long the smallest sandbox took, if one was tried.
    pub(super) sandbox: Option<Result<Duration, sandbox::Error>>,
    /// Whether sandboxes share this process's `/proc`.
    pub(super) shares_processes: bool,
    /// How long the smallest chroot took, where steps have to run in one.
    pub(super) chroot: Option<Result<Duration, sandbox::Error>>,
    /// Whether containers with a network of their own get out of it, if it was tried.
    pub(super) way_out: Option<Result<(), NoWayOut>>,
    /// Where the store is.
    pub(super) store: PathBuf,
    pub(super) site: Result<Site, store::Error>,
    /// Whether the store's file system can be mounted with other ids.
    pub(super) idmapped: bool,
    pub(super) foreign: Vec<Foreign>,
    /// Programs that can be of use, where they are.
    pub(super) programs: Vec<(&'static str, Option<PathBuf>)>,
}

/// What is looked for in `PATH`.
const PROGRAMS: [&str; 4] = ["git", "apt-get", "dnf", "apk"];

impl Facts {
    /// Looks at everything. Becomes root of a namespace on the way, as every verb does.
    pub(super) fn gather(config: &Config) -> Result<Self, CommandError> {
        let search = config.programs();
        let store = config.store_path()?;
        let user = rustix::process::geteuid().as_raw();
        let ids = mapped_ids();
        let namespace = survey::try_user_namespace();
        let (maps, filters) = (IdMaps::of(user), Filters::survey());
        let controllers = Controller::survey();
        let (identity, took) = timed(sandbox::enter_user_namespace);
        let identity = identity.map(|identity| (identity, took));
        if sandbox::has_single_id() {
            // As for a build, so that what is tried runs under a supervisor, too.
            rootfs::record_owners();
        }
        let sandbox = identity.is_ok().then(|| {
            let (tried, took) = timed(survey::try_sandbox);
            tried.map(|()| took)
        });
        let shares_processes = identity.is_ok() && survey::shares_processes();
        let wants_chroot = identity.is_ok() && config.wants_chroot()?;
        let chroot = wants_chroot.then(|| {
            let (tried, took) = timed(survey::try_chroot);
            tried.map(|()| took)
        });
        let way_out = matches!(sandbox, Some(Ok(_))).then(pasta::try_out);
        let site = Site::examine(&store);
        let place = site.as_ref().map_or(Path::new("/"), |site| &site.directory);
        let idmapped = survey::try_idmapped_mount(place).is_ok();
        let foreign = match sandbox {
            Some(Ok(_)) => Foreign::survey(&search),
            _ => Vec::new(),
        };
        let find = |name: &'static str| {
            let mut places = search.iter().map(|directory| directory.join(name));
            (name, places.find(|path| path.is_file()))
        };
        Ok(Self {
            kernel: kernel(),
            user,
            ids,
            contained: is_contained(),
            namespace,
            maps,
            filters,
            supervised: survey::can_supervise(),
            controllers,
            identity,
            sandbox,
            shares_processes,
            chroot,
            way_out,
            store,
            idmapped,
            site,
            foreign,
            programs: PROGRAMS.map(find).into(),
        })
    }

    /// Whether steps run in a chroot.
    pub(super) fn has_chroot(&self) -> bool {
        matches!(self.chroot, Some(Ok(_)))
    }

    /// Where a program is.
    pub(super) fn program(&self, name: &str) -> Option<&Path> {
        let mut named = self.programs.iter().filter(|(known, _)| *known == name);
        named.find_map(|(_, path)| path.as_deref())
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    (work(), begin.elapsed())
}

fn kernel() -> String {
    let name = rustix::system::uname();
    name.release().to_string_lossy().into_owned()
}

/// How many ids `/proc/self/uid_map` has, see user_namespaces(7).
fn mapped_ids() -> u64 {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let counts = map
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    counts.sum()
}

/// Docker and podman leave a file; systemd's convention is a variable of process 1, which others may not read; Kubernetes
/// tells where its API is.
fn is_contained() -> bool {
    [
        "/.dockerenv",
        "/run/.containerenv",
        "/run/secrets/kubernetes.io",
    ]
    .iter()
    .any(|path| Path::new(path).exists())
}
