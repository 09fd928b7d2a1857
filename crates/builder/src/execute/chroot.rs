//! `RUN` where neither namespaces nor mounts are allowed: in a chroot into the draft's working copy. What would be mounted
//! is put into the working copy for the time of the step.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use dockerfile::ast::Network;
use dockerfile::{Diagnostic, Severity};
use rootfs::{FollowLast, Root};
use sandbox::{Isolation, Sandbox};
use store::{CacheMount, CacheMountId, Covers, Draft, Guest};

use super::bind::{Held, cache_identity};
use super::run::{Pipe, Prepared, make_workdir};
use super::{Executor, Work};
use crate::ssh::Access;
use crate::step::{MountKind, RunMount, RunOperation};
use crate::{Error, Event, MissingSource, Users};

/// What lies over the working copy of a step.
struct Mounts {
    covers: Covers,
    root: Root,
    /// Caches that the step has already: where, and which part of it.
    lent: Vec<(CacheMountId, PathBuf, PathBuf)>,
}

impl Executor<'_> {
    /// The sandbox and the process of a step.
    pub(super) fn prepare_chroot(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        run: &RunOperation,
        held: &mut Held,
    ) -> Result<Prepared, Error> {
        if run.network == Network::None {
            let what = "RUN --network=none";
            return Err(Error::NeedsNamespaces { what });
        }
        self.warn_of_chroot(work);
        let root = self.writable(work.below, draft)?;
        let identity = Users::read(&root).identity(&run.user)?;
        make_workdir(&root, &run.workdir, &identity)?;
        let process = self.process(run, &identity)?;
        let group = self.cgroup(work);
        let fd = root.fd().try_clone_to_owned();
        let fd = fd.map_err(|source| Error::Read {
            path: PathBuf::from("/"),
            source,
        })?;
        let sandbox = Sandbox {
            isolation: Isolation::Chroot,
            network: sandbox::Network::Host,
            ..self.surroundings(run, fd, group.as_ref())?
        };
        let mut mounts = Mounts {
            covers: draft.covers()?,
            root,
            lent: Vec::new(),
        };
        let outputs = mounts.put_surroundings(&sandbox)?;
        self.put_all(work, run, held, &mut mounts)?;
        let programs = &self.environment.programs;
        Ok(Prepared {
            sandbox,
            process,
            emulation: self.emulations.of(run.foreign.as_ref(), programs),
            _stubs: None,
            covers: Some(mounts.covers),
            outputs: Some(outputs),
            _group: group,
        })
    }

    /// Puts what a step asks for over its working copy.
    fn put_all(
        &self,
        work: &Work<'_>,
        run: &RunOperation,
        held: &mut Held,
        mounts: &mut Mounts,
    ) -> Result<(), Error> {
        self.take_caches(work, run, held)?;
        for mount in &run.mounts {
            self.put(work, mount, held, mounts)?;
        }
        match &run.script {
            Some(script) => {
                let (path, content) = (Path::new(&script.path), script.content.as_bytes());
                mounts.put_file(path, content, 0o755, (0, 0))
            }
            None => Ok(()),
        }
    }

    /// Takes all caches of a step in one order. Steps that share some wait for each other here, and two must not do so for
    /// good.
    fn take_caches(
        &self,
        work: &Work<'_>,
        run: &RunOperation,
        held: &mut Held,
    ) -> Result<(), Error> {
        let identified = run.mounts.iter().filter_map(|mount| {
            let id = cache_identity(&mount.kind, work.schedule)?;
            Some((id, &mount.kind))
        });
        let mut caches: Vec<(CacheMountId, &MountKind)> = identified.collect();
        caches.sort_by_cached_key(|(id, _)| id.name());
        for (id, kind) in caches {
            self.cache_root(work, kind, &id, held)?;
        }
        Ok(())
    }

    /// Puts what a mount shows at its target; nothing for a secret or an agent that is not there and need not be.
    fn put(
        &self,
        work: &Work<'_>,
        mount: &RunMount,
        held: &mut Held,
        mounts: &mut Mounts,
    ) -> Result<(), Error> {
        if mount.target.is_empty() {
            return Ok(());
        }
        let target = Path::new(&mount.target);
        match &mount.kind {
            // What is written to a copy is dropped, too.
            MountKind::Bind { from, source, .. } => {
                let tree = self.readable(*from, work.schedule)?;
                let path = Path::new(source);
                if tree.metadata(path)?.is_none() {
                    let tree = work.schedule.name_of(*from);
                    return Err(MissingSource::new(path, &tree).into());
                }
                mounts.put(target, &Guest::Copy { from: &tree, path })
            }
            MountKind::Cache { source, .. } => {
                let identity = cache_identity(&mount.kind, work.schedule).expect("it is a cache");
                let cache = &held.caches()[&identity];
                mounts.put_cache(target, (&identity, Path::new(source)), cache)
            }
            MountKind::Tmpfs { .. } => mounts.put_empty(target),
            MountKind::Secret {
                id,
                required,
                mode,
                owner,
                ..
            } => match self.secret(id, *required)? {
                Some(content) => mounts.put_file(target, &content, *mode, *owner),
                None => Ok(()),
            },
            MountKind::Ssh {
                id,
                required,
                mode,
                owner: (uid, gid),
            } => {
                let (mode, uid, gid) = (*mode, *uid, *gid);
                match self.listen(id, *required, Access { mode, uid, gid }, held)? {
                    Some(socket) => mounts.put(
                        target,
                        &Guest::Name {
                            path: socket.path(),
                        },
                    ),
                    None => Ok(()),
                }
            }
        }
    }

    /// Says once in a build what does not hold.
    fn warn_of_chroot(&self, work: &Work<'_>) {
        let Some(span) = work.span else { return };
        if self.warned_of_chroot.swap(true, Ordering::Relaxed) {
            return;
        }
        (self.environment.events)(Event::Warning(Diagnostic {
            code: "chroot",
            severity: Severity::Warning,
            span,
            message: "steps run in a chroot, as namespaces and mounts are refused here: without /proc, and not \
                      isolated from this machine's processes and network"
                .to_owned(),
            help: None,
        }));
    }
}

impl Mounts {
    /// What every step has on top of its image. Answers where it writes.
    fn put_surroundings(&mut self, sandbox: &Sandbox) -> Result<[Pipe; 2], Error> {
        let directory = |mode| Guest::Directory { mode };
        self.put(Path::new("/dev"), &directory(0o755))?;
        // Nothing has run yet that could have made links of them.
        let dev = self.root.open_dir("/dev")?;
        sandbox::fill_dev(&dev, &sandbox.devices)?;
        let outputs = [
            sandbox::make_output(&dev, "stdout")?,
            sandbox::make_output(&dev, "stderr")?,
        ];
        self.put(Path::new("/proc"), &directory(0o755))?;
        sandbox::fill_proc(&self.root.open_dir("/proc")?)?;
        self.put(Path::new("/sys"), &directory(0o755))?;
        let roots = (0, 0);
        self.put_file(Path::new("/etc/hosts"), &sandbox.hosts, 0o644, roots)?;
        self.put_file(
            Path::new("/etc/resolv.conf"),
            &sandbox.resolv_conf,
            0o644,
            roots,
        )?;
        Ok(outputs)
    }

    fn put(&mut self, target: &Path, guest: &Guest<'_>) -> Result<(), Error> {
        Ok(self.covers.put(target, guest)?)
    }

    fn put_file(
        &mut self,
        target: &Path,
        content: &[u8],
        mode: u32,
        owner: (u32, u32),
    ) -> Result<(), Error> {
        let file = Guest::File {
            content,
            mode,
            owner,
        };
        self.put(target, &file)
    }

    /// An empty directory that has the rights of one that is there, as a tmpfs gets them.
    fn put_empty(&mut self, target: &Path) -> Result<(), Error> {
        let there = self.root.metadata(target)?.filter(rootfs::Metadata::is_dir);
        let mode = there.map_or(0o1777, |there| there.mode);
        self.put(target, &Guest::Directory { mode })
    }

    /// A cache, or a part of it: a link to where it is, if the step has it already.
    fn put_cache(
        &mut self,
        target: &Path,
        (id, path): (&CacheMountId, &Path),
        cache: &CacheMount,
    ) -> Result<(), Error> {
        let path = path.strip_prefix("/").unwrap_or(path);
        let mut known = self.lent.iter().filter(|(known, _, _)| known == id);
        let there =
            known.find_map(|(_, part, place)| Some(place.join(path.strip_prefix(part).ok()?)));
        if let Some(there) = there {
            return self.put(target, &Guest::Link { target: &there });
        }
        let place = self.root.resolve(target, FollowLast::Yes)?;
        self.put(target, &Guest::Lent { cache, path })?;
        self.lent.push((id.clone(), path.to_owned(), place));
        Ok(())
    }
}
