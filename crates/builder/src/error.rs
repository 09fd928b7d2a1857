//! What can go wrong in a build.

use std::path::PathBuf;

use dockerfile::{Diagnostic, Span};

use crate::MissingSource;
use crate::step::{Step, StepId};

/// A failed build. Messages name the operation and the object; the command line adds the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The Dockerfile is wrong: each diagnostic has its place.
    #[error("{}", .0.first().map_or("the Dockerfile is wrong", |d| d.message.as_str()))]
    Dockerfile(Vec<Diagnostic>),
    /// There is no stage at all.
    #[error("the Dockerfile has no stage: there is no FROM")]
    NoStages,
    /// An instruction that should change a config does not.
    #[error("the change `{change}` is wrong: {reason}")]
    Change {
        /// The instruction.
        change: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `--target` names no stage.
    #[error("no stage is called `{target}`{}", did_you_mean(.similar.as_deref()))]
    UnknownTarget {
        /// What was asked for.
        target: String,
        /// A stage with nearly that name.
        similar: Option<String>,
    },
    /// A build argument that the builder itself reads has a value that it cannot read.
    #[error("the build argument {name} is `{value}`, and has to be {expected}")]
    BuildArgument {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it could be.
        expected: &'static str,
    },
    /// A base image cannot be had.
    #[error("{reason}")]
    Base {
        /// Its name.
        name: String,
        /// The whole story: what was tried, and why it failed.
        reason: String,
        /// Whether there simply is no such image.
        not_found: bool,
    },
    /// A layer's blob cannot be read to its end.
    #[error("cannot unpack a layer")]
    Unpack {
        /// Why.
        source: std::io::Error,
    },
    /// A layer that a cache lists could not be had from it, or is not what the cache says.
    #[error("cannot use the cache {cache}")]
    Cache {
        /// What it is called.
        cache: String,
        /// Why.
        source: store::Error,
    },
    /// A cache could not be written.
    #[error("cannot export the cache to {cache}")]
    CacheExport {
        /// What it is called.
        cache: String,
        /// Why.
        source: oci::BlobError,
    },
    /// The layers of an image could not be fetched and unpacked.
    #[error("cannot pull `{name}`")]
    Pull {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: store::Error,
    },
    /// A registry does not take an image.
    #[error(transparent)]
    Push(Box<registry::Error>),
    /// A layer that was left in a cache cannot be had from there when its image is pushed.
    #[error("cannot push a layer that is in a cache only")]
    LeftLayer(#[source] Box<registry::Error>),
    /// An index cannot be pushed without all that it lists.
    #[error(
        "cannot push {name}: its image for {platform} is neither in the store nor at the registry"
    )]
    Incomplete {
        /// Its name.
        name: String,
        /// The platform of what is missing.
        platform: String,
    },
    /// A file of the web cannot be had.
    #[error("cannot download {url}: {}", .cause.in_short())]
    Download {
        /// Where it should be, without passwords.
        url: String,
        /// Why.
        cause: Box<registry::Error>,
    },
    /// A file of the web does not end.
    #[error("cannot download {what}: it is larger than {} GiB", .limit >> 30)]
    DownloadTooLarge {
        /// Where it is.
        what: String,
        /// The most that is taken, in bytes.
        limit: u64,
    },
    /// Something from elsewhere is not what it must be.
    #[error("{what} is {actual}, and must be {expected}")]
    Checksum {
        /// Where it is.
        what: String,
        /// What `--checksum` says.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// The program that fetches repositories is not there.
    #[error("cannot fetch {url}: the program `git` is not installed")]
    GitMissing {
        /// The repository.
        url: String,
    },
    /// A repository cannot be fetched or checked out.
    #[error("git cannot {verb} {url}: {reason}")]
    Git {
        /// What was tried, in git's words.
        verb: String,
        /// The repository.
        url: String,
        /// What git says.
        reason: String,
    },
    /// A step copies from a context that the build does not have.
    #[error("there is no build context to copy from")]
    NoContext,
    /// An ignore file, or an `--exclude`, cannot be read.
    #[error("cannot read the patterns of {file}: {source}")]
    IgnoreFile {
        /// Where the pattern stands.
        file: String,
        /// What is wrong.
        source: dockerfile::ignore::IgnoreError,
    },
    /// Directories lie too deep in one another.
    #[error("directory `{}` of {tree} is more than 256 levels deep", .name.display())]
    TooDeep {
        /// The name of the directory that is one too many.
        name: std::ffi::OsString,
        /// In what.
        tree: String,
    },
    /// A wildcard cannot be read.
    #[error("cannot read the pattern `{pattern}`")]
    BadPattern {
        /// The pattern.
        pattern: String,
    },
    /// A source of a `COPY` or a mount is not there.
    #[error("{0}")]
    SourceMissing(Box<MissingSource>),
    /// A directory would have to be copied onto something else.
    #[error("cannot copy a directory onto `{}`, which is not one", .path.display())]
    NotADirectory {
        /// What is in the way.
        path: PathBuf,
    },
    /// A file would have to replace a directory.
    #[error("cannot replace the directory `{}` with a file", .path.display())]
    IsADirectory {
        /// What is in the way.
        path: PathBuf,
    },
    /// A file of a context or a stage cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the step's layer cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `USER` names a user that the image does not have.
    #[error("the image has no user `{name}`")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// `USER` names a group that the image does not have.
    #[error("the image has no group `{name}`")]
    UnknownGroup {
        /// The name.
        name: String,
    },
    /// A secret that a step requires was not given.
    #[error("secret `{id}` is required, and was not given")]
    SecretMissing {
        /// Its id.
        id: String,
    },
    /// A secret is larger than any is.
    #[error("secret `{id}` is larger than 500 KiB, the most that a secret may have")]
    SecretTooLarge {
        /// Its id.
        id: String,
    },
    /// An agent that a step requires was not given.
    #[error("no SSH agent or key `{id}` was given to this build")]
    SshMissing {
        /// Its id.
        id: String,
    },
    /// A device that a step asks for cannot be had.
    #[error("device `{name}` cannot be used: {reason}")]
    Device {
        /// Its name.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Something was asked for that a chroot cannot give.
    #[error("{what} needs namespaces, and steps run in a chroot")]
    NeedsNamespaces {
        /// What was asked for.
        what: &'static str,
    },
    /// A command failed.
    #[error("`{command}` failed with exit code {code}")]
    Exit {
        /// The command, as the process got it.
        command: String,
        /// Its exit code.
        code: i32,
    },
    /// A command was ended by a signal.
    #[error("`{command}` was ended by signal {signal}")]
    Signal {
        /// The command, as the process got it.
        command: String,
        /// The signal's number.
        signal: i32,
    },
    /// A command could not be started.
    #[error("cannot run `{command}`: {source}")]
    Start {
        /// The command, as the process got it.
        command: String,
        /// Why.
        source: sandbox::Error,
    },
    /// The sandbox could not be prepared or watched.
    #[error(transparent)]
    Sandbox(sandbox::Error),
    /// A file that a step was to copy could not be read.
    #[error("cannot read {tree}")]
    Unreadable {
        /// What is copied from: "the build context".
        tree: String,
        /// The file, and why.
        source: rootfs::Error,
    },
    /// A file in a root could not be used.
    #[error(transparent)]
    Rootfs(#[from] rootfs::Error),
    /// The store could not be used.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A layer could not be made, unpacked or mounted.
    #[error(transparent)]
    Layer(#[from] store::LayerError),
    /// A step failed.
    #[error("{title}: {source}")]
    Step {
        /// The step.
        id: StepId,
        /// The instruction's text.
        title: String,
        /// Its place.
        span: Option<Span>,
        /// Why.
        source: Box<Error>,
    },
    /// The user stopped the build.
    #[error("the build was stopped")]
    Cancelled,
}

impl Error {
    /// A download that failed.
    pub(crate) fn download(cause: registry::Error) -> Self {
        let url = cause.object().unwrap_or("it").to_owned();
        match cause.is_cancelled() {
            true => Self::Cancelled,
            false => Self::Download {
                url,
                cause: Box::new(cause),
            },
        }
    }

    /// A download that broke off.
    pub(crate) fn broken_download(source: std::io::Error) -> Self {
        match source.downcast::<registry::Error>() {
            Ok(cause) => Self::download(cause),
            Err(source) => Self::Unpack { source },
        }
    }

    /// Says which step the error belongs to.
    pub(crate) fn in_step(self, id: StepId, step: &Step) -> Self {
        match self {
            Self::Cancelled | Self::Step { .. } | Self::Dockerfile(_) => self,
            source => Self::Step {
                id,
                title: step.title.clone(),
                span: source.place().or(step.span),
                source: Box::new(source),
            },
        }
    }

    /// The word of the Dockerfile that it is about, where that is known.
    fn place(&self) -> Option<Span> {
        match self {
            Self::SourceMissing(missing) => missing.span,
            _ => None,
        }
    }

    /// Says where in the Dockerfile something was asked for that cannot be had.
    pub(crate) fn at(self, span: Span) -> Self {
        let Self::Base {
            reason, not_found, ..
        } = self
        else {
            return self;
        };
        Self::Dockerfile(vec![Diagnostic {
            code: "base-image",
            severity: dockerfile::Severity::Error,
            span,
            message: reason,
            help: not_found.then(|| {
                "check the name, or load the image: `carafe load`, `carafe pull`".to_owned()
            }),
        }])
    }
}

fn did_you_mean(similar: Option<&str>) -> String {
    similar.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}
