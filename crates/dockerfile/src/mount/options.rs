//! The options of a mount while they are read, from left to right.

use super::{Mount, MountError, Sharing};
use crate::size;
use crate::{glob, suggest};

/// `type=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Type {
    #[default]
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
}

const TYPES: [(&str, Type); 5] = [
    ("bind", Type::Bind),
    ("cache", Type::Cache),
    ("tmpfs", Type::Tmpfs),
    ("secret", Type::Secret),
    ("ssh", Type::Ssh),
];

/// All keys, to suggest one; those first that are written most.
const KEYS: [&str; 19] = [
    "type",
    "target",
    "source",
    "from",
    "id",
    "sharing",
    "required",
    "readonly",
    "readwrite",
    "size",
    "mode",
    "uid",
    "gid",
    "env",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
];

/// What was given so far.
#[derive(Debug, Default)]
pub(super) struct Options {
    kind: Type,
    target: Option<String>,
    source: Option<String>,
    from: Option<String>,
    id: Option<String>,
    env: Option<String>,
    sharing: Option<Sharing>,
    read_only: Option<bool>,
    required: bool,
    size: Option<u64>,
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Options {
    /// Takes an option. Keys are in lower case.
    pub(super) fn set(&mut self, key: &str, value: Option<String>) -> Result<(), MountError> {
        match key {
            "readonly" | "ro" => self.read_only = Some(truth(key, value.as_deref())?),
            "readwrite" | "rw" => self.read_only = Some(!truth(key, value.as_deref())?),
            "required" if matches!(self.kind, Type::Secret | Type::Ssh) => {
                self.required = truth(key, value.as_deref())?;
            }
            "required" => return Err(self.not_for_type(key)),
            _ => {
                let value = value.ok_or_else(|| missing_value(key))?;
                self.set_value(key, value)?;
            }
        }
        Ok(())
    }

    fn set_value(&mut self, key: &str, value: String) -> Result<(), MountError> {
        match key {
            "type" => self.kind = kind(value)?,
            "target" | "dst" | "destination" => self.target = given(value),
            "source" | "src" => self.source = given(value),
            "from" => self.from = given(value),
            "id" => self.id = given(value),
            "env" => self.env = given(value),
            "sharing" => self.sharing = Some(sharing(value)?),
            "size" if self.kind == Type::Tmpfs => {
                self.size = Some(size::bytes(&value).ok_or_else(|| invalid(key, value))?);
            }
            "size" => return Err(self.not_for_type(key)),
            "mode" => self.mode = Some(number(key, value, 8)?),
            "uid" => self.uid = Some(id(key, value)?),
            "gid" => self.gid = Some(id(key, value)?),
            _ => return Err(unknown(key, format!("{key}={value}"))),
        }
        Ok(())
    }

    /// Puts the mount together, if all of its options are of its type.
    pub(super) fn into_mount(self) -> Result<Mount, MountError> {
        self.check()?;
        let target = self.target.clone().unwrap_or_default();
        Ok(match self.kind {
            Type::Bind => Mount::Bind {
                target,
                from: self.from,
                source: self.source,
                read_write: self.read_only == Some(false),
            },
            Type::Cache => Mount::Cache {
                target,
                id: self.id,
                from: self.from,
                source: self.source,
                sharing: self.sharing.unwrap_or_default(),
                mode: self.mode,
                uid: self.uid,
                gid: self.gid,
                read_only: self.read_only == Some(true),
            },
            Type::Tmpfs => Mount::Tmpfs {
                target,
                size: self.size,
            },
            Type::Secret => Mount::Secret {
                id: self.secret_id()?,
                target: self.target,
                env: self.env,
                required: self.required,
                mode: self.mode,
                uid: self.uid,
                gid: self.gid,
            },
            Type::Ssh => Mount::Ssh {
                id: self.id,
                target: self.target,
                required: self.required,
                mode: self.mode,
                uid: self.uid,
                gid: self.gid,
            },
        })
    }

    fn check(&self) -> Result<(), MountError> {
        let has_owner = matches!(self.kind, Type::Cache | Type::Secret | Type::Ssh);
        let wrong = [
            ("mode", self.mode.is_some() && !has_owner),
            ("uid", self.uid.is_some() && !has_owner),
            ("gid", self.gid.is_some() && !has_owner),
            ("from", self.from.is_some() && self.kind == Type::Secret),
            ("source", self.source.is_some() && self.kind == Type::Ssh),
            (
                "sharing",
                self.sharing.is_some() && self.kind != Type::Cache,
            ),
        ];
        match wrong.into_iter().find(|(_, wrong)| *wrong) {
            Some((key, _)) => Err(self.not_for_type(key)),
            None => Ok(()),
        }
    }

    /// `id`, or `source`, or the last part of the target.
    fn secret_id(&self) -> Result<String, MountError> {
        match (&self.source, &self.id, &self.target) {
            (Some(source), Some(id), _) => Err(MountError::SecretNamedTwice {
                source_value: source.clone(),
                id: id.clone(),
            }),
            (Some(name), None, _) | (None, Some(name), _) => Ok(name.clone()),
            (None, None, Some(target)) => {
                let path = glob::clean(target);
                Ok(path.rsplit('/').next().unwrap_or_default().to_owned())
            }
            (None, None, None) => Err(MountError::SecretWithoutName),
        }
    }

    fn not_for_type(&self, key: &str) -> MountError {
        let found = TYPES.iter().find(|(_, kind)| *kind == self.kind);
        let kind = found.expect("the table has all of them").0;
        MountError::KeyNotForType {
            key: key.to_owned(),
            kind,
        }
    }
}

/// An empty value is as good as none.
fn given(value: String) -> Option<String> {
    (!value.is_empty()).then_some(value)
}

fn kind(value: String) -> Result<Type, MountError> {
    let lower = value.to_lowercase();
    match TYPES.iter().find(|(word, _)| *word == lower) {
        Some((_, kind)) => Ok(*kind),
        None => {
            let suggestion = suggest(&value, TYPES.iter().map(|(word, _)| *word));
            Err(MountError::UnknownType { value, suggestion })
        }
    }
}

fn sharing(value: String) -> Result<Sharing, MountError> {
    let lower = value.to_lowercase();
    match Sharing::WORDS.iter().find(|(word, _)| *word == lower) {
        Some((_, sharing)) => Ok(*sharing),
        None => {
            let suggestion = suggest(&value, Sharing::WORDS.iter().map(|(word, _)| *word));
            Err(MountError::UnknownSharing { value, suggestion })
        }
    }
}

/// A key alone says yes. The words are those of Go's `strconv.ParseBool`.
fn truth(key: &str, value: Option<&str>) -> Result<bool, MountError> {
    match value {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok(true),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok(false),
        Some(other) => Err(invalid(key, other.to_owned())),
    }
}

fn number(key: &str, value: String, radix: u32) -> Result<u32, MountError> {
    match u32::from_str_radix(&value, radix) {
        Ok(number) if !value.starts_with('+') => Ok(number),
        _ => Err(invalid(key, value)),
    }
}

/// The number of a user or group. The last one stands for none in the kernel's calls.
fn id(key: &str, value: String) -> Result<u32, MountError> {
    match number(key, value, 10)? {
        u32::MAX => Err(invalid(key, u32::MAX.to_string())),
        id => Ok(id),
    }
}

fn invalid(key: &str, value: String) -> MountError {
    MountError::InvalidValue {
        key: key.to_owned(),
        value,
    }
}

fn missing_value(key: &str) -> MountError {
    match KEYS.contains(&key) {
        true => MountError::MissingValue {
            field: key.to_owned(),
        },
        false => unknown(key, key.to_owned()),
    }
}

fn unknown(key: &str, field: String) -> MountError {
    MountError::UnknownKey {
        key: key.to_owned(),
        field,
        suggestion: suggest(key, KEYS),
    }
}
