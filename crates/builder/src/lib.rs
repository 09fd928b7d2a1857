//! Building an image from a Dockerfile: the graph of steps, their cache keys, when they run, what
//! each does, and the image that comes out.
//!
//! The way through it: [`Options`] say what is wanted and an [`Environment`] what there is to work
//! with; [`plan()`] turns stages of instructions into a graph of [`Step`]s; the schedule executes
//! those that the cache does not know; the last stage's layers are assembled to an image. What
//! happens meanwhile is told in [`Event`]s: this crate prints nothing, and reads neither the
//! environment nor a home directory.

#![forbid(unsafe_code)]

mod assemble;
mod base;
mod build;
mod cache;
mod change;
mod claims;
mod context;
mod error;
mod event;
mod execute;
mod explain;
mod failed_run;
mod gate;
mod index;
mod key;
mod left;
mod missing;
mod moved;
mod notice;
mod options;
mod parallel;
mod plan;
mod push;
mod record;
pub mod remote;
mod report;
mod schedule;
mod scope;
mod select;
mod ssh;
mod step;
pub mod stubs;
mod survey;
mod times;
mod users;
mod verify;

pub use base::{BaseImage, OciLayout, pull_image};
pub use build::{Built, Outcome, build};
pub use cache::{
    BucketPlace, CacheContent, CacheExported, CacheFailure, CacheMode, CacheOptions, CachePlace,
    CacheSource, CacheTarget, FolderPlace, export_cache, export_cache_mounts,
};
pub use change::changed_config;
pub use claims::Claims;
pub use context::{ContextName, Fetched, IgnoreFile, LocalContext, NamedContext, Origin};
pub use error::Error;
pub use event::{Event, StepTitle, Stream};
pub use explain::{Explained, FileChange, FileChangeKind, Reason, Verdict};
pub use failed_run::{FailedRun, Inspector, Terminal};
pub use left::LeftLayers;
pub use missing::MissingSource;
pub use options::{
    Entitlement, Environment, NoCache, Options, Reporting, RunOptions, SecretSource,
    UnknownEntitlement, Wanted,
};
pub use plan::{Bases, HistoryEntry, Plan, PlannedStage, StageImage, Stages, plan};
pub use push::{Naming, Push, Trust, push_image};
pub use report::StageReport;
pub use scope::{DEFAULT_PATH, predefined};
pub use ssh::{SshKey, SshKeyError, SshSource};
pub use step::{
    CopyItem, CopyOperation, Filesystem, MountKind, Operation, RunMount, RunOperation, Script,
    Source, Step, StepId,
};
pub use survey::{StageBase, Survey, Surveyed, survey};
pub use times::{FileTimes, ImageTimes, Normalise, Reproducible, Times, parse_epoch};
pub use users::{Identity, Users};
pub use verify::{Aspect, Difference, StepDifferences, Verified, verify};
