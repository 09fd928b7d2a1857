//! Where containers are: making, finding, listing and removing them.

use super::health::Health;
use super::mounts::Source;
use super::record::Record;
use super::state::State;
use super::volumes::Volumes;
use crate::command_error::CommandError;
use rustix::fs::FlockOperation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use store::{Layout, Store};

/// Records are not longer than this; environments are what is long in them.
const LIMIT: u64 = 8 << 20;

/// All containers of a store.
#[derive(Debug)]
pub(crate) struct Containers<'a> {
    store: &'a Store,
    path: PathBuf,
}

/// One container.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    /// What it was asked to be.
    pub(crate) record: Record,
    /// Its directory.
    pub(crate) path: PathBuf,
}

/// The right to own a container: a lock that the kernel drops when its last holder is gone.
#[derive(Debug)]
pub(crate) struct Ownership {
    /// The locked file. A descriptor of it that is passed to a child passes the lock.
    pub(crate) lock: File,
}

impl<'a> Containers<'a> {
    /// The containers of a store.
    pub(crate) fn new(store: &'a Store) -> Self {
        Self {
            path: store.layout().containers(),
            store,
        }
    }

    /// Makes a container that this process owns. Its name must be free; nobody sees it before it is whole.
    pub(crate) fn create(&self, record: &Record) -> Result<(Container, Ownership), CommandError> {
        let scratch = self.store.scratch()?;
        let new = scratch.path().join("container");
        make_dir(&new)?;
        for part in ["upper", "work", "stubs"] {
            make_dir(&new.join(part))?;
        }
        write_json(&new.join("record.json"), record)?;
        write_json(&new.join("state.json"), &State::default())?;
        let ownership = Ownership {
            lock: lock(&new.join("lock"))?,
        };
        let _names = self.lock_names()?;
        self.check_free(&record.name)?;
        let path = self.path.join(&record.id);
        fs::rename(&new, &path)
            .map_err(|error| CommandError::file("create container", &path, error))?;
        Ok((
            Container {
                record: record.clone(),
                path,
            },
            ownership,
        ))
    }

    /// All containers, newest first. Those of `run --rm` whose owner was killed are removed on the way.
    pub(crate) fn list(&self) -> Result<Vec<Container>, CommandError> {
        let mut containers = self.all()?;
        containers.retain(|container| {
            let left = container.record.auto_remove && !container.is_owned();
            // What cannot be removed is shown.
            !(left && self.remove_with_volumes(container).is_ok())
        });
        containers.sort_by(|a, b| b.record.created.cmp(&a.record.created));
        Ok(containers)
    }

    /// As [`find`](Self::find), in a store that is not open.
    pub(crate) fn find_in(layout: &Layout, name: &str) -> Result<Container, CommandError> {
        one_of(&all_in(&layout.containers())?, name)
    }

    /// The container with this name, this ID, or the only one whose ID begins so.
    pub(crate) fn find(&self, name: &str) -> Result<Container, CommandError> {
        one_of(&self.list()?, name)
    }

    /// Removes what is left of a container that has no owner, and the volumes that were made for it alone.
    pub(crate) fn remove_with_volumes(&self, container: &Container) -> Result<(), CommandError> {
        self.remove(container)?;
        let volumes = Volumes::new(self.store);
        for mount in &container.record.mounts {
            if let Source::Volume {
                name,
                anonymous: true,
                ..
            } = &mount.source
                && let Ok(volume) = volumes.find(name)
            {
                volumes.remove(&volume)?;
            }
        }
        Ok(())
    }

    /// Gives a container another name.
    pub(crate) fn rename(&self, container: &mut Container, name: &str) -> Result<(), CommandError> {
        let _names = self.lock_names()?;
        self.check_free(name)?;
        container.reload()?;
        let record = Record {
            name: name.to_owned(),
            ..container.record.clone()
        };
        container.set_record(record)
    }

    /// Removes what is left of a container that has no owner.
    pub(crate) fn remove(&self, container: &Container) -> Result<(), CommandError> {
        let scratch = self.store.scratch()?;
        // Renamed first, so that a kill leaves no half container.
        match fs::rename(&container.path, scratch.path().join("container")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CommandError::file(
                "remove container",
                &container.path,
                error,
            )),
            _ => Ok(()),
        }
    }

    fn check_free(&self, name: &str) -> Result<(), CommandError> {
        let Some(other) = self.all()?.into_iter().find(|c| c.record.name == name) else {
            return Ok(());
        };
        let id = other.record.short_id();
        let error = CommandError::new(format!("the name {name} is in use by container {id}"));
        Err(error.hint(format!(
            "remove that one (carafe rm {id}) or choose another name"
        )))
    }

    fn all(&self) -> Result<Vec<Container>, CommandError> {
        all_in(&self.path)
    }

    /// Held while a name is looked for and taken.
    fn lock_names(&self) -> Result<File, CommandError> {
        let dir = File::open(&self.path);
        let dir = dir.map_err(|error| CommandError::file("open", &self.path, error))?;
        rustix::fs::flock(&dir, FlockOperation::LockExclusive)
            .map_err(|error| CommandError::file("lock", &self.path, error))?;
        Ok(dir)
    }
}

impl Container {
    /// Reads a container by its whole ID.
    pub(crate) fn load(store: &Store, id: &str) -> Result<Self, CommandError> {
        let path = store.layout().containers().join(id);
        match read_json(&path.join("record.json"))? {
            Some(record) => Ok(Self { record, path }),
            None => Err(CommandError::new(format!("there is no container {id}"))),
        }
    }

    /// How it is now.
    pub(crate) fn state(&self) -> Result<State, CommandError> {
        // The order matters: an owner that ends between the two has written its last word by then.
        let owned = self.is_owned();
        let state: State = read_json(&self.path.join("state.json"))?.unwrap_or_default();
        Ok(if owned { state } else { state.abandoned() })
    }

    /// Writes how it is now; the owner's business.
    pub(crate) fn set_state(&self, state: &State) -> Result<(), CommandError> {
        write_json(&self.path.join("state.json"), state)
    }

    /// Writes the record again, with what became known since; the owner's business.
    pub(crate) fn set_record(&mut self, record: Record) -> Result<(), CommandError> {
        self.record = record;
        write_json(&self.path.join("record.json"), &self.record)
    }

    /// Reads the record again: others may have changed it.
    pub(crate) fn reload(&mut self) -> Result<(), CommandError> {
        if let Some(record) = read_json(&self.path.join("record.json"))? {
            self.record = record;
        }
        Ok(())
    }

    /// How its last checks were, if there were any.
    pub(crate) fn health(&self) -> Result<Option<Health>, CommandError> {
        match &self.record.health {
            Some(check) if check.command().is_some() => read_json(&self.path.join("health.json")),
            _ => Ok(None),
        }
    }

    /// Writes how its checks were; the owner's business.
    pub(crate) fn set_health(&self, health: &Health) -> Result<(), CommandError> {
        write_json(&self.path.join("health.json"), health)
    }

    /// Whether somebody has asked it to stop since it was started, so that it must not be started again.
    pub(crate) fn is_stopped(&self) -> bool {
        // One that is removed is stopped, too.
        self.path.join("stopped").exists() || !self.path.exists()
    }

    /// Has it not be started again when it ends.
    pub(crate) fn set_stopped(&self) -> Result<(), CommandError> {
        let path = self.path.join("stopped");
        match fs::write(&path, "") {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            written => written.map_err(|error| CommandError::file("write", &path, error)),
        }
    }

    /// Owns it, to start it once more. `None` if it has an owner.
    pub(crate) fn own(&self) -> Result<Option<Ownership>, CommandError> {
        let Some(ownership) = self.hold()? else {
            return Ok(None);
        };
        let path = self.path.join("stopped");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CommandError::file("remove", &path, error))
            }
            _ => Ok(Some(ownership)),
        }
    }

    /// Keeps others from starting it. `None` if it has an owner.
    pub(crate) fn hold(&self) -> Result<Option<Ownership>, CommandError> {
        if self.is_owned() {
            return Ok(None);
        }
        let lock = lock(&self.path.join("lock"))?;
        Ok(Some(Ownership { lock }))
    }

    /// Whether its owner lives.
    pub(crate) fn is_owned(&self) -> bool {
        let Ok(file) = File::open(self.path.join("lock")) else {
            return false;
        };
        let tried = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared);
        tried == Err(rustix::io::Errno::WOULDBLOCK)
    }

    /// Waits until its owner is gone.
    pub(crate) fn wait_for_owner(&self) {
        // Where the lock is gone so is the container.
        if let Ok(file) = File::open(self.path.join("lock")) {
            let _ = rustix::fs::flock(&file, FlockOperation::LockShared);
        }
    }

    /// Where its output is kept.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.path.join("log")
    }
}

fn all_in(path: &Path) -> Result<Vec<Container>, CommandError> {
    let failed = |error| CommandError::file("list", path, error);
    let mut containers = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // What has no record is not a container (any more).
        if let Some(record) = read_json(&path.join("record.json"))? {
            containers.push(Container { record, path });
        }
    }
    Ok(containers)
}

/// The one with this name, this ID, or the only one whose ID begins so.
fn one_of(all: &[Container], name: &str) -> Result<Container, CommandError> {
    if let Some(at) = all
        .iter()
        .position(|c| c.record.name == name || c.record.id == name)
    {
        return Ok(all[at].clone());
    }
    let begins = |c: &&Container| !name.is_empty() && c.record.id.starts_with(name);
    let mut found = all.iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => Err(CommandError::new(format!(
            "several containers have an ID that begins with {name}"
        ))
        .hint("give more digits")),
        (None, _) => {
            let names = all.iter().map(|c| c.record.name.as_str());
            let near = dockerfile::suggest(name, names);
            let hint = near.map_or_else(
                || "carafe ps -a lists all containers".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            Err(CommandError::new(format!("there is no container {name}")).hint(hint))
        }
    }
}

fn make_dir(path: &Path) -> Result<(), CommandError> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.map_err(|error| CommandError::file("create", path, error))
}

fn lock(path: &Path) -> Result<File, CommandError> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = file.map_err(|error| CommandError::file("create", path, error))?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|error| CommandError::file("lock", path, error))?;
    Ok(file)
}

/// Replaces a file in one step. Only the owner writes, so the temporary name is its own.
fn write_json(path: &Path, value: &impl Serialize) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", path, error);
    let temporary = path.with_extension("new");
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(&bytes))
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(failed)
}

/// Reads a file; `None` if it is not there or does not hold what it should.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CommandError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes)) {
        Ok(_) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(CommandError::file("read", path, error)),
    }
}
