//! A plug-in's place in docker's folder.

use crate::command_error::CommandError;
use crate::docker_plugin::Role;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where docker looks for one of our names.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) role: Role,
    pub(super) path: PathBuf,
}

/// What is there.
#[derive(Debug)]
pub(super) enum Plugin {
    None,
    Carafe {
        version: String,
    },
    /// Another program, or none that can be called.
    Other {
        what: String,
    },
}

impl Place {
    pub(super) fn new(folder: &Path, role: Role) -> Self {
        let path = folder.join("cli-plugins").join(role.file_name());
        Self { role, path }
    }

    /// Asks the plug-in what it is, as docker does.
    pub(super) fn plugin(&self) -> Plugin {
        if fs::symlink_metadata(&self.path).is_err() {
            return Plugin::None;
        }
        let other = |what: &str| Plugin::Other {
            what: what.to_owned(),
        };
        let asked = Command::new(&self.path)
            .arg("docker-cli-plugin-metadata")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        let answer = match asked {
            Ok(output) => output.stdout,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return other("a link that leads nowhere");
            }
            Err(_) => return other("it cannot be executed"),
        };
        let Ok(metadata) = serde_json::from_slice::<serde_json::Value>(&answer) else {
            return other("no plug-in");
        };
        let text = |key: &str| {
            let text = metadata[key].as_str().unwrap_or("?");
            crate::terminal::clean::line(text.as_bytes())
        };
        match metadata["Vendor"].as_str() {
            Some("carafe") => Plugin::Carafe {
                version: text("Version"),
            },
            _ => Plugin::Other {
                what: format!("{} of {}", text("Version"), text("Vendor")),
            },
        }
    }

    /// Refuses to replace what is not ours.
    pub(super) fn check_free(&self) -> Result<(), CommandError> {
        match self.plugin() {
            Plugin::Other { what } if what.starts_with("a link") => Ok(()),
            Plugin::Other { what } => {
                let path = self.path.display();
                let message = format!("{path} is there and is not carafe: {what}");
                Err(CommandError::new(message).hint("move it away, or replace it with --force"))
            }
            Plugin::None | Plugin::Carafe { .. } => Ok(()),
        }
    }

    /// A link to this program as it was called: it leads to the program's next version as well.
    pub(super) fn link(&self) -> Result<(), CommandError> {
        let program = program()?;
        self.put(|path| symlink(&program, path))
    }

    /// A copy of this program.
    pub(super) fn copy(&self) -> Result<(), CommandError> {
        let program = program()?;
        self.put(|path| {
            fs::copy(&program, path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        })
    }

    /// Makes it beside its place, and renames it: docker may be running the old one.
    fn put(&self, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), CommandError> {
        let failed = |error| CommandError::file("install", &self.path, error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| CommandError::file("create", folder, error))?;
        // Docker takes every `docker-…` in the folder for a plug-in.
        let beside = folder.join(format!(".{}.{}", self.role.file_name(), std::process::id()));
        let done = make(&beside).and_then(|()| fs::rename(&beside, &self.path));
        if done.is_err() {
            // It is ours, and of no use.
            let _ = fs::remove_file(&beside);
        }
        done.map_err(failed)
    }

    /// Removes ours; false if there is nothing.
    pub(super) fn remove(&self) -> Result<bool, CommandError> {
        if let Plugin::None = self.plugin() {
            return Ok(false);
        }
        self.check_free()?;
        fs::remove_file(&self.path)
            .map_err(|error| CommandError::file("remove", &self.path, error))?;
        Ok(true)
    }
}

/// This program's file.
fn program() -> Result<PathBuf, CommandError> {
    std::env::current_exe().map_err(|error| CommandError::io("find carafe's own file", error))
}
