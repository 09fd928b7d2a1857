//! A whole build: parse, plan, execute, assemble.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dockerfile::{Diagnostic, Severity};
use oci::{Descriptor, Digest};
use store::{Image, SnapshotId};

use crate::assemble::assemble;
use crate::base::WorldBases;
use crate::cache::{CacheContent, Gathering, Importer, mounts_of};
use crate::explain::{Account, Fates};
use crate::plan::{self, Stages};
use crate::report::{StageReport, report};
use crate::schedule::{Made, Schedule};
use crate::step::StepId;
use crate::{Environment, Error, Event, LeftLayers, Options, Plan, PlannedStage, StepTitle, index};

/// An image that a build made.
#[derive(Debug)]
pub struct Built {
    /// The image in the store: one for each platform, in the order in which they were asked for.
    pub images: Vec<Image>,
    /// The manifest, or the index of all platforms.
    pub root: Descriptor,
}

/// What a build made.
#[derive(Debug)]
pub struct Outcome {
    /// The image: once for each of `Times::images`, and at least once.
    pub results: Vec<Built>,
    /// The snapshots that hold its files, of each platform, the lowest first.
    pub stacks: Vec<Arc<Vec<SnapshotId>>>,
    /// The time that counted as now, in seconds since 1970.
    pub epoch: Option<i64>,
    /// What stayed behind and what ships.
    pub stages: Vec<StageReport>,
    /// What of the images is not here, where [`Environment::leave`] allows that.
    pub left: LeftLayers,
    /// What its caches may be told, as far as [`CacheOptions::keep`](crate::CacheOptions::keep) asks for it.
    pub cache: CacheContent,
}

impl Outcome {
    /// The first of the images, which stands for all.
    #[must_use]
    pub fn first(&self) -> &Built {
        &self.results[0]
    }
}

impl Built {
    /// What identifies the result: the image ID, or the digest of the index.
    #[must_use]
    pub fn id(&self) -> &Digest {
        match self.root.media_type.is_index() {
            true => &self.root.digest,
            false => &self.images[0].id,
        }
    }
}

/// Builds the target of a Dockerfile. The image is in the store, without a name.
///
/// # Errors
/// See [`Error`]. When a build fails, what its steps made so far stays in the cache.
pub fn build(options: &Options, environment: &Environment<'_>) -> Result<Outcome, Error> {
    let (plan, form) = prepare(options, environment)?;
    let titles = titles(&plan, options);
    let fates = Fates::default();
    let events = |event: Event| {
        fates.note(&event);
        (environment.events)(event);
    };
    let noting = environment.with_events(&events);
    let account = Account::open(&plan, options, environment.store, &titles);
    let importer = Importer::new(&options.cache, &noting);
    let (schedule, made) = loop {
        let schedule = Schedule::new(&plan, options, &noting, &importer);
        let made = execute(&plan, &schedule);
        // Without a cache that turned out to be broken all goes on, with what was made until then.
        if made.is_ok() || !importer.begin_again() {
            break (schedule, made);
        }
    };
    if let Some(explained) = account.close(&schedule, &fates) {
        (environment.events)(Event::Explained(explained));
    }
    let mut outcome = finish(&form, &plan, made?, &schedule)?;
    importer.keep();
    if let Some(mode) = options.cache.keep {
        let gathering = Gathering {
            plan: &plan,
            schedule: &schedule,
            importer: &importer,
            environment,
        };
        outcome.cache = gathering.gather(mode)?;
    }
    outcome.cache.mounts = mounts_of(&plan, &schedule);
    Ok(outcome)
}

/// How the result is to be.
pub(crate) struct Form<'a> {
    options: &'a Options,
    environment: &'a Environment<'a>,
    is_index: bool,
}

/// Reads the Dockerfile and plans; tells what there is to tell before anything is executed.
pub(crate) fn prepare<'a>(
    options: &'a Options,
    environment: &'a Environment<'a>,
) -> Result<(Plan, Form<'a>), Error> {
    let parsed = dockerfile::parse(&options.dockerfile);
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    if parsed.diagnostics.iter().any(is_error) {
        let errors = parsed.diagnostics.into_iter().filter(is_error).collect();
        return Err(Error::Dockerfile(errors));
    }
    let is_index = index::is_wanted(options)?;
    let bases = WorldBases::new(environment, options.pull);
    let (surveys, plan) = plan::surveyed(&parsed.dockerfile, options, &bases, Stages::Needed);
    (environment.events)(Event::Surveyed(surveys.into()));
    let plan = plan?;
    if environment.cancel.load(Ordering::Relaxed) {
        return Err(Error::Cancelled);
    }
    warn(&plan, options, environment)?;
    (environment.events)(Event::Planned(titles(&plan, options)));
    let form = Form {
        options,
        environment,
        is_index,
    };
    Ok((plan, form))
}

/// Makes what the targets need: a stack for each platform.
pub(crate) fn execute(plan: &Plan, schedule: &Schedule<'_>) -> Result<Vec<Made>, Error> {
    let targets: Vec<_> = plan.results().map(|image| image.filesystem).collect();
    schedule.run(&targets)
}

/// Assembles the images.
pub(crate) fn finish(
    form: &Form<'_>,
    plan: &Plan,
    made: Vec<Made>,
    schedule: &Schedule<'_>,
) -> Result<Outcome, Error> {
    let (times, environment) = (&form.options.times, form.environment);
    let mut results = Vec::new();
    for image_times in times.images() {
        let stamps = times.of(image_times, plan.epoch);
        let images = plan.results().zip(&made);
        let images =
            images.map(|(image, made)| assemble(image, made, &stamps, schedule, environment));
        let images: Vec<Image> = images.collect::<Result<_, _>>()?;
        let root = match form.is_index {
            true => index::of(&images, environment.store)?,
            false => images[0].manifest.clone(),
        };
        results.push(Built { images, root });
    }
    let stages = report(plan, schedule, environment.store);
    let left = schedule.left_of(&plan.results().zip(&made).collect::<Vec<_>>())?;
    Ok(Outcome {
        results,
        stacks: made.into_iter().map(|made| made.stack).collect(),
        epoch: plan.epoch,
        stages,
        left,
        cache: CacheContent::default(),
    })
}

/// Tells what planning has to tell. With `--strict` that is the end.
fn warn(plan: &Plan, options: &Options, environment: &Environment<'_>) -> Result<(), Error> {
    let mut warnings = plan.warnings.clone();
    if options.reporting.strict && !warnings.is_empty() {
        for warning in &mut warnings {
            warning.severity = Severity::Error;
        }
        return Err(Error::Dockerfile(warnings));
    }
    for warning in warnings {
        (environment.events)(Event::Warning(warning));
    }
    Ok(())
}

/// How the steps are shown, each with its place among those of its stage.
pub(crate) fn titles(plan: &Plan, options: &Options) -> Vec<StepTitle> {
    let ids = || (0u32..).map(StepId).zip(&plan.steps);
    let mut titles = Vec::with_capacity(plan.steps.len());
    for (id, step) in ids() {
        let of_stage = |other: &&crate::Step| step.stage.is_some() && other.stage == step.stage;
        let total = plan.steps.iter().filter(of_stage).count();
        let before = plan.steps[..id.0 as usize].iter().filter(of_stage).count();
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        titles.push(StepTitle {
            id,
            stage: step
                .stage
                .map(|stage| stage_name(plan, stage))
                .unwrap_or_default(),
            position: step.stage.map(|_| (place(before + 1), place(total))),
            text: one_line(&step.title),
            line: step.span.map(|span| options.dockerfile.line(span.start)),
            inputs: step
                .below
                .into_iter()
                .chain(step.operation.inputs())
                .collect(),
        });
    }
    titles
}

/// A stage's name; where a build has several platforms, after the one that its steps run on.
fn stage_name(plan: &Plan, stage: usize) -> String {
    let PlannedStage { name, image, .. } = &plan.stages[stage];
    match image {
        Some(image) if plan.targets.len() > 1 => format!("{} {name}", image.platform),
        _ => name.clone(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
