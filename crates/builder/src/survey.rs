//! What planning finds out of the world that the text of a Dockerfile does not say: for whoever judges the
//! Dockerfile without building it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dockerfile::Variables;
use oci::Platform;

use crate::base::WorldBases;
use crate::plan::{self, Stages};
use crate::{BaseImage, Environment, Error, Options};

/// What the stages of a Dockerfile stand on, and which of them are needed.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// `BUILDPLATFORM`, `TARGETARCH` and the others, as `FROM` lines see them before any `ARG`.
    pub predefined: Variables,
    /// The stage that was asked for.
    pub target: usize,
    /// The stages that were looked at, by their index.
    pub planned: BTreeSet<usize>,
    /// What a stage stands on, for those that do not stand on another stage.
    pub bases: BTreeMap<usize, StageBase>,
}

/// What a stage stands on.
#[derive(Clone, Debug)]
pub struct StageBase {
    /// The image; `None` for `scratch`, and for a context that stands in for an image.
    pub image: Option<Arc<BaseImage>>,
    /// The platform that was asked for.
    pub wanted: Platform,
}

/// What was found out, and the error that planning ended with, if it did.
#[derive(Debug)]
pub struct Surveyed {
    /// What was found out before the error, for each platform.
    pub surveys: Vec<Survey>,
    /// Why there would be no build.
    pub error: Option<Error>,
}

/// Plans the target of a Dockerfile, or all its stages, and executes nothing. Base images are
/// resolved: their configs are fetched, their layers are not.
pub fn survey(options: &Options, environment: &Environment<'_>, stages: Stages) -> Surveyed {
    let parsed = dockerfile::parse(&options.dockerfile);
    let bases = WorldBases::new(environment, options.pull);
    let (surveys, planned) = plan::surveyed(&parsed.dockerfile, options, &bases, stages);
    Surveyed {
        surveys,
        error: planned.err(),
    }
}
