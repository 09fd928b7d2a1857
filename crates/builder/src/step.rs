//! Steps: the executable units of a plan.
//!
//! A step makes a file system out of the one below it and of other inputs. What a step *is* stands
//! here completely, with every variable replaced; doing it is `execute`'s business, and naming it
//! in the cache is `key`'s.

use std::sync::Arc;

use dockerfile::Span;
use dockerfile::chmod::Chmod;

use crate::context::ContextName;
use crate::times::Normalise;

/// A step of a plan: an index into [`crate::Plan::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

/// A file system in a plan: what a step leaves, or nothing at all (`FROM scratch`).
pub type Filesystem = Option<StepId>;

/// One executable unit of the plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// The file system that it starts from.
    pub below: Filesystem,
    /// What it does.
    pub operation: Operation,
    /// The instruction that it comes from, if it comes from one.
    pub span: Option<Span>,
    /// The text that progress shows, on one line.
    pub title: String,
    /// The stage that it belongs to: an index into [`crate::Plan::stages`].
    pub stage: Option<usize>,
    /// Whether records of earlier builds must not be used for it (`--no-cache`).
    pub no_cache: bool,
    /// What of the files that it takes from a context, or makes itself, is made the same whenever that happens. The plan
    /// sets it.
    pub normalise: Normalise,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Makes the layers of an image available; `below` is `None`.
    Image(Arc<crate::BaseImage>),
    /// Fetches what is elsewhere; `below` is `None`.
    Fetch(crate::remote::Remote),
    /// Makes a working directory.
    Workdir {
        /// Absolute path.
        path: String,
        /// The `USER` in force, who owns what is made.
        user: String,
    },
    /// `COPY` or `ADD`.
    Copy(CopyOperation),
    /// `RUN`.
    Run(Box<RunOperation>),
}

/// Where files are copied from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The build context or a named one.
    Context(ContextName),
    /// The file system of a stage or an image.
    Filesystem(Filesystem),
}

/// `COPY` or `ADD` of files.
#[derive(Clone, Debug)]
pub struct CopyOperation {
    /// Where the paths of `items` lie.
    pub source: Source,
    /// What is copied, in order.
    pub items: Vec<CopyItem>,
    /// Absolute path; a slash at its end says that it is a directory.
    pub destination: String,
    /// `--chown`, expanded.
    pub chown: Option<String>,
    /// `--chmod`.
    pub chmod: Option<Chmod>,
    /// `--link`: into an empty root, laid over what is below.
    pub link: bool,
    /// `--parents`.
    pub parents: bool,
    /// `--exclude` patterns.
    pub excludes: Vec<String>,
    /// Whether local archives are unpacked (`ADD`).
    pub unpack: bool,
}

/// One source of a [`CopyOperation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyItem {
    /// A path or pattern in the source.
    Path(String),
    /// Something that a step fetched.
    Fetched {
        /// The step.
        step: StepId,
        /// The path in what it fetched, as a pattern.
        path: String,
        /// Whether it is unpacked if it is an archive.
        unpack: bool,
    },
    /// A heredoc.
    Inline {
        /// The file's name.
        name: String,
        /// Its content.
        content: String,
    },
}

/// `RUN`.
#[derive(Clone, Debug)]
pub struct RunOperation {
    /// The command, the shell included.
    pub arguments: Vec<String>,
    /// `ENV` and `ARG` values, in order; `PATH` among them.
    pub env: Vec<(String, String)>,
    /// Proxy values: given to the process, but no part of the step's identity.
    pub proxies: Vec<(String, String)>,
    /// The working directory, absolute.
    pub workdir: String,
    /// `USER`, as the config holds it.
    pub user: String,
    /// The network.
    pub network: dockerfile::ast::Network,
    /// `--security=insecure`.
    pub insecure: bool,
    /// The host's name, as the process sees it.
    pub hostname: String,
    /// Names that `--add-host` adds. Their addresses are no part of the step's identity.
    pub hosts: Vec<String>,
    /// `--device`s, in order.
    pub devices: Vec<dockerfile::Device>,
    /// `--mount`s, in order.
    pub mounts: Vec<RunMount>,
    /// The platform that its programs are for, if that is not this machine's.
    pub foreign: Option<oci::Platform>,
    /// A script that a heredoc holds: it is mounted at its target and run.
    pub script: Option<Script>,
}

/// A heredoc that is a program (`#!…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Where the process finds it.
    pub path: String,
    /// The text.
    pub content: String,
}

/// A `RUN --mount`.
#[derive(Clone, Debug)]
pub struct RunMount {
    /// Absolute target; empty for a secret that is only an environment variable.
    pub target: String,
    /// What is mounted.
    pub kind: MountKind,
}

/// What a `RUN --mount` mounts.
#[derive(Clone, Debug)]
pub enum MountKind {
    /// Files of a stage, an image or a context (which is then a step that copies it).
    Bind {
        /// Where they are.
        from: Filesystem,
        /// The path in there.
        source: String,
        /// Whether writes are allowed; they are dropped afterwards.
        writable: bool,
    },
    /// A directory that outlives the build.
    Cache {
        /// Its name.
        id: String,
        /// What a new one is filled with.
        seed: Filesystem,
        /// The path in the cache (or in the seed, which it is filled from).
        source: String,
        /// How builds that run at the same time share it.
        sharing: dockerfile::Sharing,
        /// Mode of a new one.
        mode: u32,
        /// Owner of a new one.
        owner: (u32, u32),
        /// Whether it is read-only.
        read_only: bool,
    },
    /// An empty directory in memory.
    Tmpfs {
        /// Bytes that it may hold.
        size: Option<u64>,
    },
    /// A secret, as a file, a variable or both.
    Secret {
        /// Its name.
        id: String,
        /// The variable that holds it.
        env: Option<String>,
        /// Whether the build fails without it.
        required: bool,
        /// Mode of the file.
        mode: u32,
        /// Owner of the file.
        owner: (u32, u32),
    },
    /// The socket of an SSH agent.
    Ssh {
        /// Its name.
        id: String,
        /// Whether the build fails without it.
        required: bool,
        /// Mode of the socket.
        mode: u32,
        /// Owner of the socket.
        owner: (u32, u32),
    },
}

impl Step {
    /// Whether its layer is made on nothing, whatever it lies on (`COPY --link`).
    pub(crate) fn is_linked(&self) -> bool {
        matches!(&self.operation, Operation::Copy(copy) if copy.link)
    }
}

impl Operation {
    /// The steps whose files it takes in, besides what is below it.
    pub(crate) fn inputs(&self) -> Vec<StepId> {
        match self {
            Self::Copy(copy) => {
                let fetched = copy.fetched().map(|(_, step)| step);
                copy.source.step().into_iter().chain(fetched).collect()
            }
            Self::Run(run) => run.mounts.iter().filter_map(RunMount::input).collect(),
            Self::Image(_) | Self::Fetch(_) | Self::Workdir { .. } => Vec::new(),
        }
    }
}

impl Source {
    fn step(&self) -> Option<StepId> {
        match self {
            Self::Filesystem(filesystem) => *filesystem,
            Self::Context(_) => None,
        }
    }
}

impl CopyOperation {
    /// Copies `path` as it is.
    pub(crate) fn plain(source: Source, path: String, destination: &str) -> Self {
        Self {
            source,
            items: vec![CopyItem::Path(path)],
            destination: destination.to_owned(),
            chown: None,
            chmod: None,
            link: false,
            parents: false,
            excludes: Vec::new(),
            unpack: false,
        }
    }

    /// Copies what a step has at `path` to `/`, as it is.
    pub(crate) fn to_root(from: StepId, path: String) -> Self {
        Self::plain(Source::Filesystem(Some(from)), path, "/")
    }

    /// What it copies of things that were fetched: each as a copy of its own, with the step that fetches it.
    pub(crate) fn fetched(&self) -> impl Iterator<Item = (CopyOperation, StepId)> {
        self.items.iter().filter_map(|item| match item {
            CopyItem::Fetched { step, path, unpack } => {
                let copy = CopyOperation {
                    source: Source::Filesystem(Some(*step)),
                    items: vec![CopyItem::Path(path.clone())],
                    unpack: *unpack,
                    destination: self.destination.clone(),
                    chown: self.chown.clone(),
                    chmod: self.chmod.clone(),
                    excludes: self.excludes.clone(),
                    ..*self
                };
                Some((copy, *step))
            }
            _ => None,
        })
    }

    /// Whether it copies anything of its source.
    pub(crate) fn has_paths(&self) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item, CopyItem::Path(_)))
    }
}

impl RunMount {
    fn input(&self) -> Option<StepId> {
        match &self.kind {
            MountKind::Bind { from, .. } => *from,
            MountKind::Cache { seed, .. } => *seed,
            MountKind::Tmpfs { .. } | MountKind::Secret { .. } | MountKind::Ssh { .. } => None,
        }
    }
}

/// Where a step puts files of a context that a `RUN` binds.
pub(crate) const BOUND_FILES: &str = "/files";
