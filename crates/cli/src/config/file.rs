//! carafe's own configuration file: `/etc/carafe/config.toml`, and the user's over it.

use crate::command_error::CommandError;
use dockerfile::size::bytes;
use serde::Deserialize;
use std::io::{self, Read};
use std::path::Path;

/// The machine's.
const SYSTEM: &str = "/etc/carafe/config.toml";

/// The user's, below the home of configuration.
const USER: &str = "carafe/config.toml";

/// No configuration is longer.
const LIMIT: u64 = 1 << 20;

/// What a configuration file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    /// How many bytes the store may take on the disk.
    pub(super) max_size: Option<u64>,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    max_size: Option<Size>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Size {
    Bytes(u64),
    Text(String),
}

impl File {
    /// What the machine's and the user's file say together.
    pub(super) fn load(home: Option<&Path>) -> Result<Self, CommandError> {
        let system = Self::read(Path::new(SYSTEM))?;
        let user = match home {
            Some(home) => Self::read(&home.join(USER))?,
            None => Self::default(),
        };
        Ok(Self {
            max_size: user.max_size.or(system.max_size),
        })
    }

    /// What one file says: nothing, if there is none.
    fn read(path: &Path) -> Result<Self, CommandError> {
        let mut text = String::new();
        let read =
            std::fs::File::open(path).and_then(|file| file.take(LIMIT).read_to_string(&mut text));
        match read {
            Ok(_) => Self::parse(&text, &path.display().to_string()),
            // A user whose home is closed to carafe has no file either.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::NotADirectory
                        | io::ErrorKind::PermissionDenied
                ) =>
            {
                Ok(Self::default())
            }
            Err(error) => Err(CommandError::file("read", path, error)),
        }
    }

    fn parse(text: &str, name: &str) -> Result<Self, CommandError> {
        let written: Written = toml::from_str(text).map_err(|error| {
            CommandError::new(format!("cannot use {name}: {}", error.message()))
                .hint("there is one setting: max-size = \"20GB\"")
        })?;
        let max_size = match written.max_size {
            None => None,
            Some(Size::Bytes(bytes)) => Some(bytes),
            Some(Size::Text(text)) => Some(size(&text, &format!("max-size in {name}"))?),
        };
        Ok(Self { max_size })
    }
}

/// A size such as `20GB`; `what` says where it stands.
pub(super) fn size(text: &str, what: &str) -> Result<u64, CommandError> {
    bytes(text).ok_or_else(|| {
        CommandError::usage(format!("`{text}` is no size for {what}"))
            .hint("it is a number of bytes, or one with k, m, g or t behind it: 20g")
    })
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn one_setting() {
        let of = |text| File::parse(text, "c").map(|file| file.max_size).ok();
        assert_eq!(of(""), Some(None));
        assert_eq!(of("max-size = \"2k\""), Some(Some(2048)));
        assert_eq!(of("max-size = 5"), Some(Some(5)));
        assert_eq!(
            (of("max-size = \"x\""), of("maxsize = 1"), of("=")),
            (None, None, None)
        );
    }
}
