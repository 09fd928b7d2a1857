//! What a container was asked to be: written once, when it is made.

use super::health::Check;
use super::limits::Limits;
use super::mounts::Mount;
use super::ports::PublishedPort;
use super::privileges::Privileges;
use super::restart::Restart;
use serde::{Deserialize, Serialize};

/// Everything that starting a container needs to know, with the image's defaults already filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// 64 hexadecimal digits.
    pub(crate) id: String,
    /// Its name, unique in the store.
    pub(crate) name: String,
    /// The image as it was named.
    pub(crate) image: String,
    /// The image ID.
    pub(crate) image_id: String,
    /// The digest of the image's manifest, by which the store finds it.
    pub(crate) manifest: String,
    /// RFC 3339.
    pub(crate) created: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// `NAME=value`.
    pub(crate) environment: Vec<String>,
    /// Where the program starts.
    pub(crate) working_directory: String,
    /// As whom: `name`, `uid`, `name:group`; empty is root.
    pub(crate) user: String,
    /// The container's host name.
    pub(crate) hostname: String,
    /// Which network it sees.
    pub(crate) network: NetworkMode,
    /// `--add-host`: lines of its `/etc/hosts`, `address name`.
    pub(crate) hosts: Vec<String>,
    /// Published ports. A host port that was left to chance is filled in when it is known.
    pub(crate) ports: Vec<PublishedPort>,
    /// What of elsewhere it sees, in the order of mounting.
    #[serde(default)]
    pub(crate) mounts: Vec<Mount>,
    /// Whether its root cannot be written to.
    pub(crate) read_only: bool,
    /// `-t`.
    pub(crate) terminal: bool,
    /// `-i`.
    pub(crate) interactive: bool,
    /// `--rm`.
    pub(crate) auto_remove: bool,
    /// What `stop` sends.
    pub(crate) stop_signal: i32,
    /// How many seconds `stop` waits; a negative number is for ever.
    #[serde(default)]
    pub(crate) stop_timeout: Option<i64>,
    /// Labels of the image.
    pub(crate) labels: Vec<(String, String)>,
    /// What its programs may do.
    #[serde(default)]
    pub(crate) privileges: Privileges,
    /// What they may use.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// `--init`.
    #[serde(default)]
    pub(crate) init: bool,
    /// `--dns` and its like: lines of `/etc/resolv.conf` in place of the host's.
    #[serde(default)]
    pub(crate) resolver: Vec<String>,
    /// Whether it is started again when it has ended.
    #[serde(default)]
    pub(crate) restart: Restart,
    /// How to see whether it is well.
    #[serde(default)]
    pub(crate) health: Option<Check>,
}

impl Record {
    /// The first twelve digits of the ID.
    pub(crate) fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// Which network a container sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NetworkMode {
    /// Its own, reached through published ports.
    Private,
    /// The host's.
    Host,
    /// Loopback only.
    None,
}

impl NetworkMode {
    /// The word of `--network`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Host => "host",
            Self::None => "none",
        }
    }

    /// Reads `--network`. Docker's default is called `bridge` there.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "private" | "bridge" | "default" => Ok(Self::Private),
            "host" => Ok(Self::Host),
            "none" => Ok(Self::None),
            other => Err(format!(
                "there is no network `{other}`: it is private, host or none"
            )),
        }
    }
}
