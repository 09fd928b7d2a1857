//! Docker's `config.json`: the one entry in it that makes `docker build` ours, and everything else left as it is.

use crate::command_error::CommandError;
use registry::{AuthFile, CredentialError};
use serde_json::{Map, Value};
use std::path::Path;

/// The file, as it was read.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    file: AuthFile,
}

impl ConfigFile {
    /// Reads `config.json` of docker's folder; an empty one if there is none.
    pub(crate) fn read(folder: &Path) -> Result<Self, CommandError> {
        let file = AuthFile::read(&folder.join("config.json")).map_err(|error| match error {
            CredentialError::Invalid { place, reason } => {
                CommandError::new(format!("cannot read {place}: {reason}"))
                    .hint("docker cannot read it either: repair or move it")
            }
            other => other.into(),
        })?;
        Ok(Self { file })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path().unwrap_or(Path::new("config.json"))
    }

    /// Which plug-in `docker build` and `docker builder` lead to; none is buildx.
    pub(crate) fn builder(&self) -> Option<&str> {
        self.file.content().get("aliases")?.get("builder")?.as_str()
    }

    /// Sets that plug-in, or takes the entry away. False if it was so already.
    pub(crate) fn set_builder(&mut self, builder: Option<&str>) -> Result<bool, CommandError> {
        if self.builder() == builder {
            return Ok(false);
        }
        let path = self.path().to_owned();
        let content = self.file.content_mut();
        let aliases = content
            .entry("aliases")
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(aliases) = aliases else {
            let message = format!("`aliases` in {} is no object", path.display());
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
            content.shift_remove("aliases");
        }
        Ok(true)
    }

    /// Replaces the file at once.
    pub(crate) fn write(&self) -> Result<(), CommandError> {
        Ok(self.file.write()?)
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
