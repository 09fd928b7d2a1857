//! The plan: from stages of instructions to a graph of steps.
//!
//! Planning knows variables, stages and configs; it touches no file and runs nothing. It begins at
//! the target and follows what that needs, so a stage that nothing needs is not even resolved.

mod consent;
mod copy;
mod fetch;
mod foresee;
mod from;
mod history;
mod instruction;
mod metadata;
mod named;
mod places;
mod problem;
mod run;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dockerfile::ast::Dockerfile;
use dockerfile::{Diagnostic, Span};
use oci::{Descriptor, ImageConfig, Platform, Reference};

pub use history::HistoryEntry;
pub(crate) use places::Places;

use crate::context::ContextName;
use crate::key::{self, Key};
use crate::scope::{GlobalScope, Variables};
use crate::step::{CopyOperation, Filesystem, Operation, Source, Step, StepId};
use crate::times::{Normalise, SOURCE_DATE_EPOCH};
use crate::{BaseImage, Error, NoCache, OciLayout, Options, Survey};
use problem::Problem;

/// Finds base images: the seam between planning and the world.
pub trait Bases {
    /// The image that a reference names, for a platform.
    ///
    /// # Errors
    /// When there is no such image, or it cannot be had; the text says so for the user.
    fn resolve(&self, reference: &Reference, platform: &Platform) -> Result<Arc<BaseImage>, Error>;

    /// Is told which images will be asked for, to look them up side by side. What goes wrong is told when they are.
    fn foresee(&self, images: &[(Reference, Platform)]) {
        let _ = images;
    }

    /// The image of an OCI image layout, for a platform.
    ///
    /// # Errors
    /// When there is none, or the layout is broken; the text says so for the user.
    fn layout(&self, layout: &OciLayout, platform: &Platform) -> Result<Arc<BaseImage>, Error>;

    /// The image in the store that another build made, for a platform; `name` is what people know it by.
    ///
    /// # Errors
    /// When there is none for the platform.
    fn built(
        &self,
        name: &str,
        root: &Descriptor,
        platform: &Platform,
    ) -> Result<Arc<BaseImage>, Error>;
}

/// What a build will do.
#[derive(Debug)]
pub struct Plan {
    /// The steps; a step comes after everything that it needs.
    pub steps: Vec<Step>,
    /// The stages of the Dockerfile, in the order of the text; all of them for each platform.
    pub stages: Vec<PlannedStage>,
    /// The stage that was asked for: one for each platform.
    pub targets: Vec<usize>,
    /// What the user should know and what does not fail the build.
    pub warnings: Vec<Diagnostic>,
    /// Where the words of steps stand, for those that stand in the text.
    pub(crate) places: BTreeMap<StepId, Places>,
    /// The time that counts as now, in seconds since 1970: `SOURCE_DATE_EPOCH`.
    pub epoch: Option<i64>,
}

impl Plan {
    /// The images that the target stage makes, one for each platform.
    pub fn results(&self) -> impl Iterator<Item = &StageImage> {
        self.targets.iter().map(|&target| {
            let image = self.stages[target].image.as_ref();
            image.expect("the targets were planned")
        })
    }

    /// For each platform its stages, and which of them was asked for.
    pub(crate) fn each_platform(&self) -> impl Iterator<Item = (&[PlannedStage], usize)> {
        let stages_each = self.stages.len() / self.targets.len();
        let targets = self.targets.iter().map(move |target| target % stages_each);
        self.stages.chunks(stages_each).zip(targets)
    }
}

/// A stage of the Dockerfile in the plan.
#[derive(Debug)]
pub struct PlannedStage {
    /// Its name, or `stage-N`.
    pub name: String,
    /// The platform that the build is for; the stage itself may be of another.
    pub target_platform: Platform,
    /// What it makes; `None` if the target does not need it.
    pub image: Option<StageImage>,
}

/// What a stage makes: an image whose layers are still to be executed.
#[derive(Clone, Debug)]
pub struct StageImage {
    /// Its file system.
    pub filesystem: Filesystem,
    /// The base image at its bottom, if it has one.
    pub base: Option<Arc<BaseImage>>,
    /// The steps on top of the base image, from the bottom up: one layer each.
    pub layers: Vec<StepId>,
    /// The config; `rootfs` and `history` are only the base image's.
    pub config: ImageConfig,
    /// The history on top of the base image's.
    pub history: Vec<HistoryEntry>,
    /// `ENV` and `ARG` values, as the next instruction would see them.
    variables: Variables,
    /// The names that `ARG` declared in it and in the stages below, for history lines of `RUN`.
    arguments: Vec<String>,
    /// The platform that its steps run on.
    pub(crate) platform: Platform,
}

/// A stage that needs one that needs one, and so on: more than this is refused. Each is planned, and its steps
/// executed, from within the one that needs it, which takes stack.
const NESTING_AT_MOST: usize = 100;

/// More steps than this in the whole plan are refused: those with inputs take a thread each.
const STEPS_AT_MOST: usize = 2_000;

/// More instructions of one stage than this are refused, triggers included. An image has at most 500 layers,
/// which is what overlayfs can mount, but a stage may have more that only change the configuration.
const INSTRUCTIONS_AT_MOST: usize = 5_000;

/// More instructions of all stages that are planned than this are refused, triggers included.
const INSTRUCTIONS_IN_ALL_AT_MOST: usize = 50_000;

/// More layers of one stage than this are refused: the most that overlayfs mounts.
const LAYERS_AT_MOST: usize = 500;

/// Makes the plan of a build.
///
/// # Errors
/// When the Dockerfile asks for something that cannot be, with the place marked, or when a base
/// image cannot be resolved.
pub fn plan(file: &Dockerfile, options: &Options, bases: &dyn Bases) -> Result<Plan, Error> {
    surveyed(file, options, bases, Stages::Needed).1
}

/// Which stages are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stages {
    /// The target, and what it needs.
    Needed,
    /// All, up to the first that cannot be planned. The target comes first.
    All,
}

/// Makes the plan of a build, and tells what was found out on the way for each platform, even where there is no plan in
/// the end.
pub(crate) fn surveyed(
    file: &Dockerfile,
    options: &Options,
    bases: &dyn Bases,
    stages: Stages,
) -> (Vec<Survey>, Result<Plan, Error>) {
    match Planner::new(file, options, bases) {
        Ok(planner) => planner.plan(stages),
        Err(error) => (Vec::new(), Err(error)),
    }
}

/// A stage that is being planned.
struct Stage {
    /// Its index.
    index: usize,
    /// What it has made so far.
    image: StageImage,
    /// The config's `Env` from the first `ENV` on; the config gets it when the stage is planned.
    env: Option<Variables>,
    /// Whether `CMD` was set in this stage.
    cmd_set: bool,
    /// Where its instructions come from, if not from the text: the place of the `FROM` whose base
    /// triggers them.
    trigger_of: Option<Span>,
}

struct Planner<'a> {
    file: &'a Dockerfile,
    options: &'a Options,
    bases: &'a dyn Bases,
    target: usize,
    /// The platform that is being planned for, and what depends on it.
    target_platform: Platform,
    scope: GlobalScope,
    stages: Vec<PlannedStage>,
    /// The stages of the platforms before it.
    planned: Vec<PlannedStage>,
    steps: Vec<Step>,
    interned: HashMap<Key, StepId>,
    /// How many stages are being planned, one for the other.
    nesting: usize,
    /// How many instructions were planned.
    instructions: usize,
    identities: Vec<Key>,
    warnings: Vec<Diagnostic>,
    places: BTreeMap<StepId, Places>,
    epoch: Option<i64>,
    /// What was found out, for each platform up to this one.
    surveys: Vec<Survey>,
}

impl<'a> Planner<'a> {
    fn new(
        file: &'a Dockerfile,
        options: &'a Options,
        bases: &'a dyn Bases,
    ) -> Result<Self, Error> {
        let target = find_target(file, options.target.as_deref())?;
        let target_platform = Platform::host();
        let scope = GlobalScope::new(options, &target_platform);
        Ok(Self {
            file,
            options,
            bases,
            target,
            target_platform,
            scope,
            stages: Vec::new(),
            planned: Vec::new(),
            steps: Vec::new(),
            interned: HashMap::new(),
            nesting: 0,
            instructions: 0,
            identities: Vec::new(),
            warnings: Vec::new(),
            places: BTreeMap::new(),
            epoch: None,
            surveys: Vec::new(),
        })
    }

    fn plan(mut self, stages: Stages) -> (Vec<Survey>, Result<Plan, Error>) {
        let targets = self.plan_platforms(stages);
        // The platforms have most of them in common.
        let mut warnings: Vec<Diagnostic> = Vec::new();
        for warning in self.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let plan = targets.map(|targets| Plan {
            steps: self.steps,
            stages: self.planned,
            targets,
            warnings,
            places: self.places,
            epoch: self.epoch,
        });
        (self.surveys, plan)
    }

    /// Plans for each platform, and says which stages are the targets.
    fn plan_platforms(&mut self, stages: Stages) -> Result<Vec<usize>, Error> {
        let platforms = match self.options.platforms.as_slice() {
            [] => vec![Platform::host()],
            named => named.to_vec(),
        };
        let mut targets = Vec::with_capacity(platforms.len());
        for platform in platforms {
            self.turn_to(platform)?;
            self.foresee();
            self.stage(self.target)?;
            if stages == Stages::All {
                for index in 0..self.stages.len() {
                    self.stage(index)?;
                }
            }
            self.finish_target();
            targets.push(self.planned.len() + self.target);
            self.planned.append(&mut self.stages);
        }
        Ok(targets)
    }

    /// Begins with a platform: other variables, and no stage planned. Steps stay, so that equal ones are one.
    fn turn_to(&mut self, platform: Platform) -> Result<(), Error> {
        self.scope = GlobalScope::new(self.options, &platform);
        self.surveys.push(Survey {
            predefined: self.scope.globals().clone(),
            target: self.target,
            ..Survey::default()
        });
        for instruction in &self.file.global_args {
            let dockerfile::ast::Kind::Arg(args) = &instruction.kind else {
                continue;
            };
            for arg in args {
                self.scope
                    .declare(arg, self.file.directives.escape)
                    .map_err(|error| problem::expansion(&error, instruction.span))?;
            }
        }
        let epoch = self.scope.argument(SOURCE_DATE_EPOCH);
        self.epoch = self.options.times.epoch(epoch)?;
        if let Some(epoch) = self.epoch {
            self.scope.give(SOURCE_DATE_EPOCH, &epoch.to_string());
        }
        let stages = self.file.stages.iter().enumerate();
        let stages = stages.map(|(index, stage)| PlannedStage {
            name: stage
                .name
                .as_ref()
                .map_or_else(|| format!("stage-{index}"), |n| n.text.clone()),
            target_platform: platform.clone(),
            image: None,
        });
        self.stages = stages.collect();
        self.target_platform = platform;
        Ok(())
    }

    /// What the client says of the image that comes out. It is for the platform that was asked for, wherever its
    /// stage ran.
    fn finish_target(&mut self) {
        let Some(image) = &mut self.stages[self.target].image else {
            return;
        };
        let labels = self.options.labels.iter();
        let labels = labels.map(|(name, value)| (name.clone(), value.clone()));
        image.config.config.labels.extend(labels);
        if !self.options.platforms.is_empty() {
            image.config.set_platform(&self.target_platform);
        }
    }

    /// What is being found out for this platform.
    fn survey(&mut self) -> &mut Survey {
        self.surveys.last_mut().expect("a platform was begun")
    }

    /// Plans a stage, if it is not planned yet, and what it needs.
    fn stage(&mut self, index: usize) -> Result<&StageImage, Error> {
        if self.stages[index].image.is_none() {
            let file = self.file;
            let from = &file.stages[index];
            if self.nesting == NESTING_AT_MOST {
                let message = format!("stages need one another more than {NESTING_AT_MOST} deep");
                return Err(Problem::new("too-large", from.span, message).into());
            }
            if let Some(image) = self.replacement(from)? {
                let image = self.stages[index].image.insert(image);
                from::ensure_path(image);
                return Ok(image);
            }
            self.nesting += 1;
            self.survey().planned.insert(index);
            let mut stage = self.begin(index, from)?;
            self.triggers(&mut stage, from)?;
            for instruction in &from.instructions {
                self.instruction(&mut stage, instruction)?;
            }
            self.nesting -= 1;
            if let Some(env) = &stage.env {
                stage.image.config.config.env = env.to_env();
            }
            self.stages[index].image = Some(stage.image);
        }
        Ok(self.stages[index].image.as_ref().expect("planned above"))
    }

    /// Adds a step, or finds the equal one that is there already.
    fn step(&mut self, mut step: Step) -> StepId {
        step.stage = step.stage.map(|stage| self.planned.len() + stage);
        if let Operation::Copy(_) | Operation::Workdir { .. } = step.operation {
            step.normalise = self.options.times.normalise(self.epoch);
        }
        let identity = key::definition(&step, &|id: StepId| self.identities[id.0 as usize]);
        if let Some(&id) = self.interned.get(&identity) {
            self.steps[id.0 as usize].no_cache |= step.no_cache;
            return id;
        }
        let id = StepId(u32::try_from(self.steps.len()).expect("fewer steps than lines"));
        self.steps.push(step);
        self.identities.push(identity);
        self.interned.insert(identity, id);
        id
    }

    /// A step that holds the files of an image.
    fn image_step(&mut self, base: &Arc<BaseImage>, stage: Option<usize>) -> StepId {
        self.step(Step {
            below: None,
            operation: Operation::Image(Arc::clone(base)),
            span: None,
            title: format!("FROM {}", base.name),
            stage,
            no_cache: false,
            normalise: Normalise::Nothing,
        })
    }

    /// A step that holds the files of a context, as far as `path` names them: what a `RUN` binds
    /// must not change under it, obeys the ignore file, and belongs to root.
    fn context_step(&mut self, context: ContextName, path: &str, destination: &str) -> StepId {
        let title = format!("[internal] files of {context}: {path}");
        self.step(Step {
            below: None,
            operation: Operation::Copy(CopyOperation::plain(
                Source::Context(context),
                literal(path),
                destination,
            )),
            span: None,
            title,
            stage: None,
            no_cache: false,
            normalise: Normalise::Nothing,
        })
    }

    fn no_cache(&self, stage: usize) -> bool {
        match &self.options.no_cache {
            NoCache::No => false,
            NoCache::All => true,
            NoCache::Stages(names) => names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&self.stages[stage].name)),
        }
    }
}

/// A path as a pattern that matches nothing else.
fn literal(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// The stage that `--target` names (in any case of letters), or the last one.
fn find_target(file: &Dockerfile, target: Option<&str>) -> Result<usize, Error> {
    let Some(target) = target else {
        return file.stages.len().checked_sub(1).ok_or(Error::NoStages);
    };
    let names = || file.stages.iter().filter_map(|stage| stage.name.as_ref());
    let lower = target.to_lowercase();
    file.stages
        .iter()
        .rposition(|stage| stage.name.as_ref().is_some_and(|name| name.text == lower))
        .ok_or_else(|| Error::UnknownTarget {
            target: target.to_owned(),
            similar: dockerfile::suggest(&lower, names().map(|name| name.text.as_str()))
                .map(str::to_owned),
        })
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error::Dockerfile(vec![problem.0])
    }
}
