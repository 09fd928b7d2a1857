//! Volumes: directories of the store that outlive containers.

use super::copy_tree;
use super::directory::Containers;
use super::mounts::Source;
use super::names;
use crate::command_error::CommandError;
use oci::timestamp;
use rootfs::{Dir, Root};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use store::Store;

/// All volumes of a store.
#[derive(Debug)]
pub(crate) struct Volumes<'a> {
    store: &'a Store,
    path: PathBuf,
}

/// One volume.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    /// What is known of it.
    pub(crate) record: Record,
    path: PathBuf,
}

/// What is known of a volume: `volume.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) name: String,
    /// RFC 3339.
    pub(crate) created: String,
    /// Whether it was made for one container, and got its name by chance.
    pub(crate) anonymous: bool,
    /// Labels.
    pub(crate) labels: BTreeMap<String, String>,
}

impl<'a> Volumes<'a> {
    /// The volumes of a store.
    pub(crate) fn new(store: &'a Store) -> Self {
        Self {
            path: store.layout().volumes(),
            store,
        }
    }

    /// The volume of this name, which is made if it is not there.
    pub(crate) fn create(
        &self,
        name: &str,
        anonymous: bool,
        labels: BTreeMap<String, String>,
    ) -> Result<Volume, CommandError> {
        if let Some(volume) = self.get(name)? {
            return Ok(volume);
        }
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path);
        made.map_err(|error| CommandError::file("create", &self.path, error))?;
        let scratch = self.store.scratch()?;
        let new = scratch.path().join("volume");
        for (dir, mode) in [(new.clone(), 0o700), (new.join("_data"), 0o755)] {
            let made = DirBuilder::new().mode(mode).create(&dir);
            made.map_err(|error| CommandError::file("create", &dir, error))?;
        }
        let record = Record {
            name: name.to_owned(),
            created: timestamp::format_seconds(SystemTime::now()),
            anonymous,
            labels,
        };
        let text = serde_json::to_vec(&record)
            .map_err(|error| CommandError::new(format!("cannot write volume {name}: {error}")))?;
        let file = new.join("volume.json");
        fs::write(&file, text).map_err(|error| CommandError::file("write", &file, error))?;
        let path = self.path.join(name);
        match fs::rename(&new, &path) {
            // Another process has made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            renamed => {
                renamed.map_err(|error| CommandError::file("create volume", &path, error))?;
            }
        }
        self.find(name)
    }

    /// The volume of this name, if it is there.
    fn get(&self, name: &str) -> Result<Option<Volume>, CommandError> {
        // What is no name must not lead to other directories.
        if names::check(name).is_err() {
            return Ok(None);
        }
        let path = self.path.join(name);
        let file = path.join("volume.json");
        let text = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| CommandError::file("read", &file, error))?,
        };
        let record = serde_json::from_slice(&text)
            .map_err(|error| CommandError::new(format!("{}: {error}", file.display())))?;
        Ok(Some(Volume { record, path }))
    }

    /// The volume of this name.
    pub(crate) fn find(&self, name: &str) -> Result<Volume, CommandError> {
        match self.get(name)? {
            Some(volume) => Ok(volume),
            None => Err(CommandError::new(format!("there is no volume {name}"))
                .hint("carafe volume ls lists all volumes")),
        }
    }

    /// All volumes, by name.
    pub(crate) fn list(&self) -> Result<Vec<Volume>, CommandError> {
        let failed = |error| CommandError::file("list", &self.path, error);
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut volumes = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            volumes.extend(self.get(&name.to_string_lossy())?);
        }
        volumes.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        Ok(volumes)
    }

    /// The containers that have the volume.
    pub(crate) fn users(&self, name: &str) -> Result<Vec<String>, CommandError> {
        let has = |source: &Source| matches!(source, Source::Volume { name: n, .. } if n == name);
        let containers = Containers::new(self.store).list()?.into_iter();
        let users = containers.filter(|c| c.record.mounts.iter().any(|mount| has(&mount.source)));
        Ok(users.map(|container| container.record.name).collect())
    }

    /// Removes a volume that no container has.
    pub(crate) fn remove(&self, volume: &Volume) -> Result<(), CommandError> {
        let name = &volume.record.name;
        let users = self.users(name)?;
        if !users.is_empty() {
            let users = users.join(", ");
            return Err(
                CommandError::new(format!("volume {name} is in use by container {users}"))
                    .hint(format!("remove the container first (carafe rm {users})")),
            );
        }
        let scratch = self.store.scratch()?;
        fs::rename(&volume.path, scratch.path().join("volume"))
            .map_err(|error| CommandError::file("remove volume", &volume.path, error))
    }
}

impl Volume {
    /// Where its files are.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("_data")
    }

    /// Gives a volume that is empty what the image has at `target`, with owner and mode of the directory itself: as Docker
    /// does. `root` is the container's.
    pub(crate) fn fill(&self, root: &Root, target: &Path) -> Result<(), CommandError> {
        let lock = File::open(&self.path).and_then(|dir| {
            Ok(rustix::fs::flock(&dir, FlockOperation::LockExclusive).map(|()| dir)?)
        });
        let _lock = lock.map_err(|error| CommandError::file("lock", &self.path, error))?;
        let data = Dir::open(self.data())?;
        if !data.entries()?.is_empty() {
            return Ok(());
        }
        match root.metadata(target)? {
            Some(metadata) if metadata.kind == rootfs::FileKind::Directory => {}
            _ => return Ok(()),
        }
        copy_tree::contents(&root.open_dir(target)?, &data, copy_tree::Owner::Kept)
    }
}
