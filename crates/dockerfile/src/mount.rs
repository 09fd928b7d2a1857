//! The options of `RUN --mount`.

use crate::ExpandError;
use crate::ast::MountFlag;

/// A mount of a `RUN`, its values expanded. Targets are as written: relative ones start at the
/// working directory. What is `None` was not given.
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

/// A mount whose options do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// A value cannot be expanded.
    #[error("mount option `{key}`: {source}")]
    Expand {
        /// The option.
        key: String,
        /// Why.
        source: ExpandError,
    },
}

impl Mount {
    /// Reads the options; `expand` replaces variables in the values (of all but `from`).
    pub fn read(
        flag: &MountFlag,
        _expand: &dyn Fn(&str) -> Result<String, ExpandError>,
    ) -> Result<Self, MountError> {
        let _ = flag;
        Ok(Self::Tmpfs {
            target: String::new(),
            size: None,
        })
    }
}
