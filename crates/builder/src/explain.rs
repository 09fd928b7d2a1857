//! Why each step was executed, or was not: what went into it, compared with the last build of the same Dockerfile,
//! target and platforms.

mod account;
mod align;
mod inputs;
mod listing;

use crate::StepTitle;

pub(crate) use account::{Account, Fates};

/// What became of a step, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The step.
    pub title: StepTitle,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its result was there already.
    Hit,
    /// It was known from this cache of another machine.
    Imported(String),
    /// It was executed, for these reasons.
    Miss(Vec<Reason>),
    /// The build ended before it was its turn.
    NotReached,
}

/// Why a step's result was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing of this Dockerfile was ever built here.
    FirstBuild,
    /// The last build had no such step.
    NewStep,
    /// `--no-cache` or `--no-cache-filter`.
    NoCache,
    /// A value is another one: the instruction, a variable, a flag, a digest. Secrets are not shown.
    Value {
        /// What it is.
        name: String,
        /// What it was; `None` if it is new.
        before: Option<String>,
        /// What it is now; `None` if it is gone.
        now: Option<String>,
    },
    /// Files of the context are others.
    Files(Vec<FileChange>),
    /// Files of the context are others, and what they were is not known any more.
    UnknownFiles,
    /// What is below was made again: by this step.
    Below(StepTitle),
    /// Files of another stage or image are others.
    Input {
        /// What they are taken from.
        name: String,
    },
    /// The layers of an image were not unpacked yet.
    NotUnpacked,
    /// It was executed by the last build, and failed or was stopped.
    NotFinished,
    /// The layer that it made is not in the store any more.
    LayerGone,
    /// What was recorded of it is not in the store any more.
    RecordGone,
}

/// A file of the context that is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path in the context.
    pub path: String,
    /// What changed.
    pub kind: FileChangeKind,
}

/// What changed of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is something else than before.
    Kind {
        /// What it was: `file`, `directory`, `symbolic link` and so on.
        before: &'static str,
        /// What it is.
        now: &'static str,
    },
    /// It is the same kind of file.
    Changed {
        /// Whether its content, its capabilities or what it links to is another.
        content: bool,
        /// Its mode before and now, if that is another.
        mode: Option<(u32, u32)>,
    },
}
