//! What `RUN --mount` mounts: descriptors of detached mounts, and files with secrets.

use std::collections::HashMap;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rootfs::Root;
use store::{CacheMount, CacheMountId, Draft};

use super::{Executor, Work};
use crate::schedule::Schedule;
use crate::ssh::{Access, AgentSocket};
use crate::step::{Filesystem, MountKind, RunMount};
use crate::{Error, MissingSource};

/// How often a cache that another build has locked is asked for.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the mounts of one step hold while it runs.
#[derive(Default)]
pub(super) struct Held {
    /// Caches in use, by what makes them the same.
    caches: HashMap<CacheMountId, CacheMount>,
    /// What writable bind mounts collect, in their order, to be dropped.
    drafts: Vec<Draft>,
    /// How many of these are mounted.
    mounted: usize,
    /// Agents that listen.
    agents: Vec<AgentSocket>,
}

impl Held {
    /// Caches in use, by what makes them the same.
    pub(super) fn caches(&self) -> &HashMap<CacheMountId, CacheMount> {
        &self.caches
    }

    /// Everything is to be mounted once more, as it was left; nothing of it is mounted now.
    pub(super) fn begin_again(&mut self) {
        self.mounted = 0;
        self.agents.clear();
    }
}

impl Executor<'_> {
    /// Prepares a mount of a step. `None` for one that mounts nothing: a secret that is a
    /// variable, or that is not there and need not be.
    pub(super) fn mount(
        &self,
        work: &Work<'_>,
        mount: &RunMount,
        held: &mut Held,
    ) -> Result<Option<sandbox::Mount>, Error> {
        if mount.target.is_empty() {
            return Ok(None);
        }
        let kind = match &mount.kind {
            MountKind::Bind {
                from,
                source,
                writable,
            } => self.bind(work, (*from, source), *writable, held)?,
            MountKind::Cache { .. } => self.cache(work, &mount.kind, held)?,
            MountKind::Ssh {
                id,
                required,
                mode,
                owner: (uid, gid),
            } => {
                let (mode, uid, gid) = (*mode, *uid, *gid);
                match self.agent(id, *required, Access { mode, uid, gid }, held)? {
                    None => return Ok(None),
                    Some(socket) => socket,
                }
            }
            MountKind::Tmpfs { size } => sandbox::MountKind::Tmpfs {
                size: *size,
                mode: 0o1777,
                no_execute: false,
            },
            MountKind::Secret {
                id,
                required,
                mode,
                owner: (uid, gid),
                ..
            } => match self.secret(id, *required)? {
                None => return Ok(None),
                Some(content) => sandbox::MountKind::File {
                    content,
                    mode: *mode,
                    uid: *uid,
                    gid: *gid,
                },
            },
        };
        Ok(Some(sandbox::Mount {
            target: PathBuf::from(&mount.target),
            kind,
        }))
    }

    /// The value of a secret; `None` if it was not given and need not be.
    pub(super) fn secret(&self, id: &str, required: bool) -> Result<Option<Vec<u8>>, Error> {
        match self.options.secrets.get(id) {
            Some(source) => source.read(id).map(Some),
            None if required => Err(Error::SecretMissing { id: id.to_owned() }),
            None => Ok(None),
        }
    }

    /// The socket of an agent; `None` if there is none and need not be.
    fn agent(
        &self,
        id: &str,
        required: bool,
        access: Access,
        held: &mut Held,
    ) -> Result<Option<sandbox::MountKind>, Error> {
        let Some(socket) = self.listen(id, required, access, held)? else {
            return Ok(None);
        };
        let mount = sandbox::clone_mount(socket.open()?.as_fd()).map_err(Error::Sandbox)?;
        Ok(Some(sandbox::MountKind::Bind {
            source: mount,
            path: PathBuf::new(),
            read_only: true,
        }))
    }

    /// An agent that listens; `None` if there is none and need not be.
    pub(super) fn listen<'h>(
        &self,
        id: &str,
        required: bool,
        access: Access,
        held: &'h mut Held,
    ) -> Result<Option<&'h AgentSocket>, Error> {
        let Some(source) = self.options.run.ssh.get(id) else {
            return match required {
                true => Err(Error::SshMissing { id: id.to_owned() }),
                false => Ok(None),
            };
        };
        let socket = AgentSocket::listen(source, access, self.environment.store.scratch()?)?;
        held.agents.push(socket);
        Ok(held.agents.last())
    }

    /// Files of another step. Writes go to a draft that is thrown away.
    fn bind(
        &self,
        work: &Work<'_>,
        (from, source): (Filesystem, &str),
        writable: bool,
        held: &mut Held,
    ) -> Result<sandbox::MountKind, Error> {
        let root = if writable {
            let made = from
                .and_then(|id| work.schedule.known(id).cloned())
                .unwrap_or_default();
            if held.mounted == held.drafts.len() {
                held.drafts.push(self.environment.store.draft()?);
            }
            held.mounted += 1;
            self.writable(&made, &held.drafts[held.mounted - 1])?
        } else {
            self.readable(from, work.schedule)?
        };
        if root.metadata(source)?.is_none() {
            let tree = work.schedule.name_of(from);
            return Err(MissingSource::new(Path::new(source), &tree).into());
        }
        Ok(sandbox::MountKind::Bind {
            source: clone_descriptor(&root)?,
            path: PathBuf::from(source),
            read_only: !writable,
        })
    }

    /// A cache's directory.
    fn cache(
        &self,
        work: &Work<'_>,
        kind: &MountKind,
        held: &mut Held,
    ) -> Result<sandbox::MountKind, Error> {
        let MountKind::Cache {
            source, read_only, ..
        } = kind
        else {
            unreachable!("the caller looked")
        };
        let identity = cache_identity(kind, work.schedule).expect("it is a cache");
        let cache = self.cache_root(work, kind, &identity, held)?;
        let source_fd = sandbox::clone_mount(cache.fd()).map_err(Error::Sandbox)?;
        Ok(sandbox::MountKind::Bind {
            source: source_fd,
            path: PathBuf::from(source),
            read_only: *read_only,
        })
    }

    /// A cache that the step holds from now on, with the part of it that is to be mounted.
    pub(super) fn cache_root(
        &self,
        work: &Work<'_>,
        kind: &MountKind,
        identity: &CacheMountId,
        held: &mut Held,
    ) -> Result<Root, Error> {
        let MountKind::Cache {
            id,
            seed,
            source,
            sharing,
            ..
        } = kind
        else {
            unreachable!("the caller looked")
        };
        if !held.caches.contains_key(identity) {
            let cache = self.take_cache(work, identity, *sharing, *seed)?;
            held.caches.insert(identity.clone(), cache);
        }
        let cache = Root::open(held.caches[identity].path())?;
        if cache.metadata(source)?.is_none() {
            let missing = MissingSource::new(Path::new(source), &format!("the cache `{id}`"));
            return Err(missing.into());
        }
        Ok(cache)
    }

    /// Takes a cache, waiting for one that is locked.
    fn take_cache(
        &self,
        work: &Work<'_>,
        identity: &CacheMountId,
        sharing: dockerfile::Sharing,
        seed: Filesystem,
    ) -> Result<CacheMount, Error> {
        let sharing = match sharing {
            // There is only one of what is moved.
            dockerfile::Sharing::Shared if self.environment.store.uses_copies() => {
                store::Sharing::Locked
            }
            dockerfile::Sharing::Shared => store::Sharing::Shared,
            dockerfile::Sharing::Private => store::Sharing::Private,
            dockerfile::Sharing::Locked => store::Sharing::Locked,
        };
        let mut fill = |directory: &Path| match seed {
            _ if self.mounts.restore(identity, directory)? => Ok(()),
            None => Ok(()),
            Some(step) => self
                .fill(work, step, directory)
                .map_err(std::io::Error::other),
        };
        loop {
            let taken = self
                .environment
                .store
                .try_cache_mount(identity, sharing, &mut fill)?;
            if let Some(cache) = taken {
                return Ok(cache);
            }
            if (work.stopped)() {
                return Err(Error::Cancelled);
            }
            std::thread::sleep(PATIENCE);
        }
    }
}

/// What makes a cache mount the same as another; `None` for other mounts.
pub(crate) fn cache_identity(kind: &MountKind, schedule: &Schedule<'_>) -> Option<CacheMountId> {
    let MountKind::Cache {
        id,
        seed,
        mode,
        owner,
        ..
    } = kind
    else {
        return None;
    };
    let made = seed.and_then(|step| schedule.known(step));
    Some(CacheMountId {
        id: id.clone(),
        seed: made.map(|made| format!("{:?}", made.stack)),
        mode: *mode,
        uid: owner.0,
        gid: owner.1,
    })
}

/// A descriptor of a root of its own, for the sandbox to attach.
fn clone_descriptor(root: &Root) -> Result<std::os::fd::OwnedFd, Error> {
    root.fd()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|source| Error::Read {
            path: PathBuf::from("/"),
            source,
        })
}
