//! Limits of a process (setrlimit(2)).

use std::str::FromStr;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::protocol::{At, Failure};
use crate::step::Step;

/// A limit on what the process, and each one that it starts, may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    /// What is limited.
    pub resource: UlimitResource,
    /// What counts, and what the process may raise up to `hard`; `None` is no limit. The unit is setrlimit(2)'s: bytes,
    /// seconds, or a number of things.
    pub soft: Option<u64>,
    /// What only a privileged process may raise.
    pub hard: Option<u64>,
}

macro_rules! resources {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// What a [`Ulimit`] limits, by the names of limits.conf(5), which Docker has taken over.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum UlimitResource { $(#[doc = concat!("`", $text, "`")] $name),* }

        impl UlimitResource {
            /// All of them.
            pub const EVERY: &[Self] = &[$(Self::$name),*];

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            const fn kernels(self) -> Resource {
                match self { $(Self::$name => Resource::$name),* }
            }
        }
    };
}

resources! {
    As = "as", Core = "core", Cpu = "cpu", Data = "data", Fsize = "fsize", Locks = "locks", Memlock = "memlock",
    Msgqueue = "msgqueue", Nice = "nice", Nofile = "nofile", Nproc = "nproc", Rss = "rss", Rtprio = "rtprio",
    Rttime = "rttime", Sigpending = "sigpending", Stack = "stack",
}

/// A word that names no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no limit called `{0}`")]
pub struct UnknownUlimit(pub String);

impl FromStr for UlimitResource {
    type Err = UnknownUlimit;

    fn from_str(text: &str) -> Result<Self, UnknownUlimit> {
        let known = |resource: &&Self| resource.name() == text;
        let found = Self::EVERY.iter().find(known);
        found.copied().ok_or_else(|| UnknownUlimit(text.to_owned()))
    }
}

/// As [`set`], but for the limit that no kernel heeds and that the supervisor needs.
pub(crate) fn set_under_supervisor(limits: &[Ulimit]) -> Result<(), Failure> {
    let is_needed = |limit: &&Ulimit| limit.resource == UlimitResource::Locks;
    let limits: Vec<Ulimit> = limits
        .iter()
        .filter(|limit| !is_needed(limit))
        .copied()
        .collect();
    set(&limits)
}

/// Limits this process, while it still has the privilege to.
pub(crate) fn set(limits: &[Ulimit]) -> Result<(), Failure> {
    for limit in limits {
        let wanted = Rlimit {
            current: limit.soft,
            maximum: limit.hard,
        };
        setrlimit(limit.resource.kernels(), wanted)
            .on(Step::LimitResource, limit.resource.name())?;
    }
    Ok(())
}
