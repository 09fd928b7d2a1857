//! Docker's `config.json`: the one entry in it that makes `docker build` ours, and everything else left as it is.

use crate::command_error::CommandError;
use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A longer file is none of docker's.
const LIMIT: u64 = 4 << 20;

/// The file, as it was read.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    /// Where it is, links followed.
    path: PathBuf,
    content: Map<String, Value>,
}

impl ConfigFile {
    /// Reads `config.json` of docker's folder; an empty one if there is none.
    pub(crate) fn read(folder: &Path) -> Result<Self, CommandError> {
        let path = folder.join("config.json");
        // Dotfiles are often links into a repository: what they lead to is what is written.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => {
                file.take(LIMIT)
                    .read_to_string(&mut text)
                    .map_err(|error| CommandError::file("read", &path, error))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CommandError::file("read", &path, error)),
        }
        let content = if text.trim().is_empty() {
            Map::new()
        } else {
            serde_json::from_str(&text).map_err(|error| {
                let message = format!("cannot read {}: {error}", path.display());
                CommandError::new(message).hint("docker cannot read it either: repair or move it")
            })?
        };
        Ok(Self { path, content })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Which plug-in `docker build` and `docker builder` lead to; none is buildx.
    pub(crate) fn builder(&self) -> Option<&str> {
        self.content.get("aliases")?.get("builder")?.as_str()
    }

    /// Sets that plug-in, or takes the entry away. False if it was so already.
    pub(crate) fn set_builder(&mut self, builder: Option<&str>) -> Result<bool, CommandError> {
        if self.builder() == builder {
            return Ok(false);
        }
        let aliases = self
            .content
            .entry("aliases")
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(aliases) = aliases else {
            let message = format!("`aliases` in {} is no object", self.path.display());
            return Err(CommandError::new(message).hint("docker cannot read it either: repair it"));
        };
        match builder {
            Some(name) => {
                aliases.insert("builder".to_owned(), Value::from(name));
            }
            None => {
                aliases.shift_remove("builder");
            }
        }
        if aliases.is_empty() {
            self.content.shift_remove("aliases");
        }
        Ok(true)
    }

    /// Replaces the file at once, with the mode and the owner that it has. It may hold passwords: a new one is for its owner alone.
    pub(crate) fn write(&self) -> Result<(), CommandError> {
        let failed = |error: io::Error| CommandError::file("write", &self.path, error);
        let beside = self
            .path
            .with_extension(format!("json.{}", std::process::id()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(CWD, &beside, flags, Mode::from_raw_mode(0o600))
            .map_err(|error| failed(error.into()))?;
        let done = self
            .fill(File::from(file))
            .and_then(|()| fs::rename(&beside, &self.path));
        if done.is_err() {
            // It is ours, and of no use.
            let _ = fs::remove_file(&beside);
        }
        done.map_err(failed)
    }

    fn fill(&self, mut file: File) -> io::Result<()> {
        // As docker writes it.
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut text = Vec::new();
        self.content
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut text, formatter,
            ))?;
        text.push(b'\n');
        file.write_all(&text)?;
        if let Ok(old) = fs::metadata(&self.path) {
            let (user, group) = (Uid::from_raw(old.uid()), Gid::from_raw(old.gid()));
            // Who may not give it away owns it already.
            let _ = rustix::fs::chownat(&file, "", Some(user), Some(group), AtFlags::EMPTY_PATH);
            rustix::fs::fchmod(&file, Mode::from_raw_mode(old.mode() & 0o777))?;
        }
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigFile;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        let before = r#"{"z":1,"auths":{"r":{"auth":"x"}},"aliases":{"other":"y"},"a":[1.50]}"#;
        fs::write(&path, before).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let mut file = ConfigFile::read(dir.path()).unwrap();
        assert!(file.set_builder(Some("carafe")).unwrap());
        assert!(!file.set_builder(Some("carafe")).unwrap());
        file.write().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\n\t\"z\": 1,\n\t\"auths\""), "{text}");
        assert!(
            text.contains("\"builder\": \"carafe\"") && text.contains("other"),
            "{text}"
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        let mut file = ConfigFile::read(dir.path()).unwrap();
        assert_eq!(file.builder(), Some("carafe"));
        assert!(file.set_builder(None).unwrap());
        file.write().unwrap();
        let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(same(&fs::read_to_string(&path).unwrap()), same(before));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_docker_cannot_read_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.json"), "{oops").unwrap();
        assert!(ConfigFile::read(dir.path()).is_err());
        fs::write(dir.path().join("config.json"), r#"{"aliases":"x"}"#).unwrap();
        let mut file = ConfigFile::read(dir.path()).unwrap();
        assert!(file.set_builder(Some("carafe")).is_err());
    }

    #[test]
    fn a_link_is_followed_and_a_new_file_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = ConfigFile::read(dir.path()).unwrap();
        file.set_builder(Some("carafe")).unwrap();
        file.write().unwrap();
        let path = dir.path().join("config.json");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = dir.path().join("dotfile");
        fs::rename(&path, &other).unwrap();
        std::os::unix::fs::symlink("dotfile", &path).unwrap();
        let mut file = ConfigFile::read(dir.path()).unwrap();
        assert!(file.set_builder(None).unwrap());
        file.write().unwrap();
        assert!(path.is_symlink());
        assert_eq!(fs::read_to_string(&other).unwrap(), "{}\n");
    }
}
