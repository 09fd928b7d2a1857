//! The options of `RUN --mount`.
//!
//! Source: the section "RUN --mount" of the Dockerfile reference; BuildKit for the order in which
//! keys are looked at, and for what is an error.

mod csv;
mod fields;
mod options;

use crate::ExpandError;
use crate::ast::MountFlag;
pub(crate) use fields::fields;
use options::Options;

/// A mount of a `RUN`, its values expanded. What is `None` was not given.
///
/// Targets are as written: relative ones, and an empty one, start at the working directory, and one
/// that then is `/` is an error that the builder makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// `type=bind`, the default.
    Bind {
        /// Where in the container.
        target: String,
        /// A stage, image or named context; the build context if not given.
        from: Option<String>,
        /// The path inside `from`; its root if not given.
        source: Option<String>,
        /// Whether the container may write. What it writes is dropped.
        read_write: bool,
    },
    /// `type=cache`.
    Cache {
        /// Where in the container.
        target: String,
        /// Which cache; named by the target if not given.
        id: Option<String>,
        /// What a new cache starts from.
        from: Option<String>,
        /// The path inside the cache.
        source: Option<String>,
        /// Who may use it at once.
        sharing: Sharing,
        /// Mode of a new cache directory; 0755 if not given.
        mode: Option<u32>,
        /// Owner of a new cache directory; 0 if not given.
        uid: Option<u32>,
        /// Group of a new cache directory; 0 if not given.
        gid: Option<u32>,
        /// Whether the container may only read.
        read_only: bool,
    },
    /// `type=tmpfs`.
    Tmpfs {
        /// Where in the container.
        target: String,
        /// The limit, in bytes.
        size: Option<u64>,
    },
    /// `type=secret`.
    Secret {
        /// Which secret: as given, or the last part of the target.
        id: String,
        /// Where in the container; `/run/secrets/ID` if neither this nor `env` is given.
        target: Option<String>,
        /// The variable that shall hold it.
        env: Option<String>,
        /// Whether the build fails without it.
        required: bool,
        /// Mode of the file; 0400 if not given.
        mode: Option<u32>,
        /// Owner; 0 if not given.
        uid: Option<u32>,
        /// Group; 0 if not given.
        gid: Option<u32>,
    },
    /// `type=ssh`.
    Ssh {
        /// Which agent; `default` if not given.
        id: Option<String>,
        /// Where in the container; `/run/buildkit/ssh_agent.N` if not given.
        target: Option<String>,
        /// Whether the build fails without it.
        required: bool,
        /// Mode of the socket; 0600 if not given.
        mode: Option<u32>,
        /// Owner; 0 if not given.
        uid: Option<u32>,
        /// Group; 0 if not given.
        gid: Option<u32>,
    },
}

/// `sharing=` of a cache mount: who may use it at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Everyone at once.
    #[default]
    Shared,
    /// Each user gets a cache of its own while others use theirs.
    Private,
    /// One after the other.
    Locked,
}

impl Sharing {
    /// The words for it.
    const WORDS: [(&'static str, Self); 3] = [
        ("shared", Self::Shared),
        ("private", Self::Private),
        ("locked", Self::Locked),
    ];
}

/// A mount whose options cannot be read or do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// A value cannot be expanded.
    #[error("mount option {key}: {source}")]
    Expand {
        /// The option.
        key: String,
        /// Why.
        source: ExpandError,
    },
    /// No such option.
    #[error("unexpected key '{key}' in '{field}'{}", did_you_mean(*suggestion))]
    UnknownKey {
        /// The key.
        key: String,
        /// The whole field.
        field: String,
        /// A key that may be meant.
        suggestion: Option<&'static str>,
    },
    /// An option that this type of mount does not have. The type must stand before it.
    #[error("unexpected key '{key}' for mount type '{kind}'")]
    KeyNotForType {
        /// The key.
        key: String,
        /// The type.
        kind: &'static str,
    },
    /// An option without a value.
    #[error("invalid field '{field}' must be a key=value pair")]
    MissingValue {
        /// The field.
        field: String,
    },
    /// A value that this option cannot have.
    #[error("invalid value for {key}: {value}")]
    InvalidValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// No such type.
    #[error("unsupported mount type \"{value}\"{}", did_you_mean(*suggestion))]
    UnknownType {
        /// The value.
        value: String,
        /// A type that may be meant.
        suggestion: Option<&'static str>,
    },
    /// No such kind of sharing.
    #[error("unsupported sharing value \"{value}\"{}", did_you_mean(*suggestion))]
    UnknownSharing {
        /// The value.
        value: String,
        /// A word that may be meant.
        suggestion: Option<&'static str>,
    },
    /// A secret with neither id nor target.
    #[error("invalid secret mount: one of id and target is required")]
    SecretWithoutName,
    /// A secret named twice.
    #[error("both source and id can't be set on a secret mount: '{source_value}' and '{id}'")]
    SecretNamedTwice {
        /// The value of `source`.
        source_value: String,
        /// The value of `id`.
        id: String,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |word| format!(" (did you mean {word}?)"))
}

impl Mount {
    /// Reads the options; `expand` replaces variables in the values (of all but `from`).
    pub fn read(
        flag: &MountFlag,
        expand: &dyn Fn(&str) -> Result<String, ExpandError>,
    ) -> Result<Self, MountError> {
        let mut options = Options::default();
        for (key, value) in &flag.fields {
            let value = match value {
                Some(value) if key != "from" => {
                    Some(expand(value).map_err(|source| MountError::Expand {
                        key: key.clone(),
                        source,
                    })?)
                }
                other => other.clone(),
            };
            options.set(key, value)?;
        }
        options.into_mount()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Kind;
    use crate::{Escape, Source, expand, parse};

    fn read(options: &str) -> Result<Mount, String> {
        let text = format!("FROM x\nRUN --mount={options} true\n");
        let parsed = parse(&Source::new("Dockerfile", text));
        if let Some(diagnostic) = parsed.diagnostics.first() {
            return Err(diagnostic.message.clone());
        }
        let Kind::Run(run) = &parsed.dockerfile.stages[0].instructions[0].kind else {
            panic!("it is a RUN");
        };
        let lookup = |name: &str| (name == "V").then(|| "val".to_owned());
        Mount::read(&run.mounts[0], &|word| {
            expand(word, Escape::Backslash, &lookup).map(|expansion| expansion.text)
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn each_type_has_its_options() {
        let bind = |from: Option<&str>, source: Option<&str>, read_write| Mount::Bind {
            target: "/x".to_owned(),
            from: from.map(str::to_owned),
            source: source.map(str::to_owned),
            read_write,
        };
        assert_eq!(read("target=/x"), Ok(bind(None, None, false)));
        assert_eq!(
            read("type=BIND,from=a,SRC=$V,dst=/x,rw"),
            Ok(bind(Some("a"), Some("val"), true))
        );
        assert_eq!(
            read("readonly=0,destination=/x"),
            Ok(bind(None, None, true))
        );
        assert_eq!(
            read("type=cache,id=i,target=c,sharing=Locked,mode=0700,uid=1,gid=2,ro=true"),
            Ok(Mount::Cache {
                target: "c".to_owned(),
                id: Some("i".to_owned()),
                from: None,
                source: None,
                sharing: Sharing::Locked,
                mode: Some(0o700),
                uid: Some(1),
                gid: Some(2),
                read_only: true,
            })
        );
        assert_eq!(
            read("type=tmpfs,target=/t,size=1.5k"),
            Ok(Mount::Tmpfs {
                target: "/t".to_owned(),
                size: Some(1536)
            })
        );
        assert_eq!(
            read("type=ssh,required"),
            Ok(Mount::Ssh {
                id: None,
                target: None,
                required: true,
                mode: None,
                uid: None,
                gid: None
            })
        );
    }

    #[test]
    fn secrets_have_a_name() {
        let id = |options| match read(options) {
            Ok(Mount::Secret { id, .. }) => Ok(id),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        };
        assert_eq!(id("type=secret,id=a"), Ok("a".to_owned()));
        assert_eq!(id("type=secret,source=b"), Ok("b".to_owned()));
        assert_eq!(id("type=secret,target=/x/c/"), Ok("c".to_owned()));
        assert_eq!(
            id("type=secret,id=d,env=D,required=true"),
            Ok("d".to_owned())
        );
        assert!(id("type=secret").is_err());
        assert!(id("type=secret,source=b,id=a").is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (options, message) in [
            (
                "targe=/x",
                "unexpected key 'targe' in 'targe=/x' (did you mean target?)",
            ),
            (
                "type=bnd",
                "unsupported mount type \"bnd\" (did you mean bind?)",
            ),
            ("type=teleport", "unsupported mount type \"teleport\""),
            (
                "size=1m,type=tmpfs",
                "unexpected key 'size' for mount type 'bind'",
            ),
            (
                "required",
                "unexpected key 'required' for mount type 'bind'",
            ),
            (
                "type=cache,sharing=lockd",
                "unsupported sharing value \"lockd\" (did you mean locked?)",
            ),
            (
                "sharing=locked",
                "unexpected key 'sharing' for mount type 'bind'",
            ),
            (
                "type=tmpfs,mode=700",
                "unexpected key 'mode' for mount type 'tmpfs'",
            ),
            (
                "type=secret,id=x,from=y",
                "unexpected key 'from' for mount type 'secret'",
            ),
            (
                "type=ssh,source=y",
                "unexpected key 'source' for mount type 'ssh'",
            ),
            ("target", "invalid field 'target' must be a key=value pair"),
            ("ro=maybe", "invalid value for ro: maybe"),
            ("type=cache,mode=9", "invalid value for mode: 9"),
            ("type=cache,uid=-1", "invalid value for uid: -1"),
            ("type=tmpfs,size=big", "invalid value for size: big"),
            (
                "source=${V:=x}",
                "mount option source: failed to process `${V:=x}`: unsupported modifier (:=) in the substitution of V",
            ),
            ("from=$V", "mount option from takes no variable: $V"),
            (
                "'a\"b'",
                "--mount cannot be read: a quote in the middle of a field: a\"b",
            ),
        ] {
            assert_eq!(read(options).expect_err(options), message, "{options}");
        }
    }
}
