//! What a build is given: what the user asked for, and what it works with.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use dockerfile::ast::Network;

mod run;

use crate::context::{LocalContext, NamedContext};
use crate::times::Times;
use crate::{Error, Event};
pub use run::{Entitlement, RunOptions, UnknownEntitlement};

/// What the user asked for.
#[derive(Debug)]
pub struct Options {
    /// The Dockerfile.
    pub dockerfile: dockerfile::Source,
    /// The build context; `None` if there is none (then `COPY` finds nothing).
    pub context: Option<LocalContext>,
    /// Named contexts, by name: as images are written for short, without `:latest`, perhaps with `::os/architecture`.
    pub named_contexts: BTreeMap<String, NamedContext>,
    /// The stage to build: the last one unless named.
    pub target: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `--label`: set on the image after all `LABEL` instructions.
    pub labels: BTreeMap<String, String>,
    /// The platforms to build for: this machine's unless any is named.
    pub platforms: Vec<oci::Platform>,
    /// `--secret`, by id.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Which records of earlier builds must not be used.
    pub no_cache: NoCache,
    /// Whether base images are asked for at the registry even if the store has them.
    pub pull: bool,
    /// The network of `RUN` steps that name none.
    pub network: Network,
    /// What `RUN` steps get and may ask for.
    pub run: RunOptions,
    /// What of time gets into the image.
    pub times: Times,
    /// `--add-host`: name and address.
    pub add_hosts: Vec<(String, String)>,
    /// The caches that cross machines.
    pub cache: crate::CacheOptions,
    /// What is told of the build, and how it counts.
    pub reporting: Reporting,
    /// What of the result is wanted.
    pub wanted: Wanted,
}

/// What of a build's result is wanted, so that the rest need not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// An image: its layers may be tars as long as nobody looks into them.
    #[default]
    Layers,
    /// Its files, to be copied out.
    Files,
}

/// What is told of a build, and how it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reporting {
    /// `--strict`: what would be a warning fails the build.
    pub strict: bool,
    /// `--explain`: tell why each step was executed, or was not.
    pub explain: bool,
}

/// Where a secret's value is.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// In a file, read when a step needs it.
    File(PathBuf),
    /// Here.
    Value(Vec<u8>),
}

impl SecretSource {
    /// The most that a secret may have, as in BuildKit.
    const BYTES_AT_MOST: u64 = 500 << 10;

    /// The value of the secret `id`.
    ///
    /// # Errors
    /// [`Error::Read`] if its file cannot be read, [`Error::SecretTooLarge`] if there is too much of it.
    pub fn read(&self, id: &str) -> Result<Vec<u8>, Error> {
        let path = match self {
            Self::Value(value) => return Ok(value.clone()),
            Self::File(path) => path,
        };
        let mut value = Vec::new();
        File::open(path)
            .and_then(|file| file.take(Self::BYTES_AT_MOST + 1).read_to_end(&mut value))
            .map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
        match value.len() as u64 > Self::BYTES_AT_MOST {
            true => Err(Error::SecretTooLarge { id: id.to_owned() }),
            false => Ok(value),
        }
    }
}

/// `--no-cache` and `--no-cache-filter`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// Use every record.
    #[default]
    No,
    /// Use none.
    All,
    /// Use none for these stages.
    Stages(Vec<String>),
}

/// What a build works with.
pub struct Environment<'a> {
    /// Where images, snapshots and records are.
    pub store: &'a store::Store,
    /// Where base images come from that the store does not have.
    pub registry: &'a registry::Client,
    /// How layers will be compressed when the image leaves, if that is known: new ones are compressed as they are hashed.
    pub layers_as: Option<store::Recompress>,
    /// How layers are compressed that may stay in the caches of other machines, and base images at their registries, as the
    /// image is only pushed: [`Outcome::left`](crate::Outcome::left). `None` if it is to be here whole.
    pub leave: Option<oci::Compression>,
    /// Receives what happens. Called from several threads.
    pub events: &'a (dyn Fn(Event) + Sync),
    /// Set from outside to stop the build.
    pub cancel: &'a AtomicBool,
    /// What of the user's surroundings `git` needs.
    pub git: crate::remote::GitSettings,
    /// Looks into a `RUN` that failed, if anybody wants to.
    pub inspector: Option<&'a crate::Inspector<'a>>,
    /// What builds make now that run at the same time as this one.
    pub claims: &'a crate::Claims,
    /// `/etc/resolv.conf` for `RUN` steps.
    pub resolv_conf: Vec<u8>,
    /// Where programs of the host are looked for: emulators of other machines.
    pub programs: Vec<PathBuf>,
}

impl<'a> Environment<'a> {
    /// The same with another receiver of events.
    pub(crate) fn with_events(&self, events: &'a (dyn Fn(Event) + Sync)) -> Self {
        Self {
            events,
            git: self.git.clone(),
            resolv_conf: self.resolv_conf.clone(),
            programs: self.programs.clone(),
            ..*self
        }
    }
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}
