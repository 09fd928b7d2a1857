//! What a build tells while it runs. Only events leave this crate: nothing here prints.

use std::sync::Arc;

use crate::{StepId, Survey};

/// Something that happened during a build. Events of one step come in order; steps that run side
/// by side interleave.
#[derive(Clone, Debug)]
pub enum Event {
    /// What the stages stand on is known, for each platform, and nothing was executed yet. It comes before anything else, and also where
    /// planning fails. Who sets [`Environment::cancel`](crate::Environment::cancel) now ends the build here.
    Surveyed(Arc<[Survey]>),
    /// The plan is made: the steps that the target needs, in the order of the text. Steps that a
    /// base image's `ONBUILD` triggers add come in a later `Planned`.
    Planned(Vec<StepTitle>),
    /// A step begins (its inputs are ready and the cache has been asked).
    Started(StepId),
    /// A step's result was in the cache; there is no `Started` for it.
    Cached(StepId),
    /// A step's result is known from a cache of another machine, which is named; `Cached` follows.
    Imported(StepId, String),
    /// A cache of another machine is of no use; the build goes on without it.
    CacheUnused {
        /// What it is called.
        cache: String,
        /// Why.
        reason: String,
    },
    /// Bytes that a RUN wrote, as they came: not cut at line ends.
    Output(StepId, Stream, Vec<u8>),
    /// How far a transfer or an export of this step is, in bytes.
    Progress {
        /// The step that it belongs to.
        step: StepId,
        /// What is being moved: a short name of a blob, a layer or a phase.
        what: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, if known.
        total: Option<u64>,
    },
    /// A step is done.
    Finished(StepId),
    /// A step failed or was stopped. The build's error says why.
    Failed(StepId),
    /// The build is over, and its steps were to be explained.
    Explained(Vec<crate::Explained>),
    /// Something that the user should know and that does not fail the build.
    Warning(dockerfile::Diagnostic),
}

/// Which of the two output streams of a RUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a step is shown: `[builder 2/5] RUN make`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTitle {
    /// The step.
    pub id: StepId,
    /// The stage's name, `stage-N` for one without, or empty for steps of no stage
    /// (loading a base image, exporting).
    pub stage: String,
    /// Place of the step in its stage, from 1, and how many there are; `None` outside stages.
    pub position: Option<(u32, u32)>,
    /// The instruction's text, on one line.
    pub text: String,
    /// 1-based line in the Dockerfile, if it comes from one.
    pub line: Option<u32>,
    /// The steps that it stands on or takes from.
    pub inputs: Vec<StepId>,
}
