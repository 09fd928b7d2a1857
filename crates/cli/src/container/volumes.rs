//! `-v HOST:CONTAINER[:ro]`.

use crate::command_error::CommandError;
use crate::exit::Exit;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A directory or file of the host that the container sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// Absolute path on the host.
    pub(crate) host: PathBuf,
    /// Absolute path in the container.
    pub(crate) container: PathBuf,
    /// Whether the container cannot write to it.
    pub(crate) read_only: bool,
}

impl Volume {
    /// Reads a `-v`. A host path that is not absolute must begin with `.`: a bare word is a named volume.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (host, container, options) = match parts.as_slice() {
            [_] => {
                return Err(format!(
                    "`{text}`: volumes without a host path are not implemented yet"
                ));
            }
            [host, container] => (*host, *container, ""),
            [host, container, options] => (*host, *container, *options),
            _ => return Err(format!("`{text}` is not HOST:CONTAINER[:ro]")),
        };
        if !host.starts_with(['/', '.']) {
            return Err(format!(
                "`{text}`: named volumes are not implemented yet; for a directory write ./{host}"
            ));
        }
        if !container.starts_with('/') {
            return Err(format!(
                "`{text}`: the path in the container must be absolute"
            ));
        }
        if Path::new(container).components().count() < 2 {
            return Err(format!(
                "`{text}`: the root of the container cannot be replaced"
            ));
        }
        let mut read_only = false;
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option {
                "ro" => read_only = true,
                "rw" => read_only = false,
                // What SELinux and macOS want to know changes nothing here.
                "z" | "Z" | "cached" | "delegated" | "consistent" => {}
                other => return Err(format!("`{text}`: there is no volume option `{other}`")),
            }
        }
        Ok(Self {
            host: PathBuf::from(host),
            container: PathBuf::from(container),
            read_only,
        })
    }

    /// Makes the host's path absolute, and sure that it is there.
    pub(crate) fn resolve(mut self) -> Result<Self, CommandError> {
        self.host = self.host.canonicalize().map_err(|error| {
            let error = CommandError::file("use as a volume", &self.host, error);
            error
                .hint("make it first (mkdir -p)")
                .exit_with(Exit::ContainerSetup)
        })?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Volume;
    use std::path::PathBuf;

    #[test]
    fn forms() {
        let volume = Volume::parse("/data:/var/data:ro,z").unwrap();
        assert_eq!(volume.host, PathBuf::from("/data"));
        assert_eq!(volume.container, PathBuf::from("/var/data"));
        assert!(volume.read_only);
        assert!(!Volume::parse("./x:/y").unwrap().read_only);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("cache:/x", "named volumes"),
            ("/x", "without a host path"),
            ("/x:y", "must be absolute"),
            ("/x:/", "cannot be replaced"),
            ("/x:/y:rx", "no volume option `rx`"),
            ("/x:/y:ro:z", "is not HOST:CONTAINER"),
        ] {
            let error = Volume::parse(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
