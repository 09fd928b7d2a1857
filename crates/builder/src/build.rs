//! A whole build: parse, plan, execute, assemble.

use dockerfile::{Diagnostic, Severity};
use store::Image;

use crate::base::WorldBases;
use crate::plan::plan;
use crate::report::{StageReport, report};
use crate::schedule::Schedule;
use crate::step::StepId;
use crate::{Environment, Error, Event, Options, Plan, StepTitle, assemble};

/// What a build made.
#[derive(Debug)]
pub struct Outcome {
    /// The image, in the store.
    pub image: Image,
    /// What stayed behind and what ships.
    pub stages: Vec<StageReport>,
}

/// Builds the target of a Dockerfile, and gives the image its names.
///
/// # Errors
/// See [`Error`]. When a build fails, what its steps made so far stays in the cache.
pub fn build(options: &Options, environment: &Environment<'_>) -> Result<Outcome, Error> {
    let parsed = dockerfile::parse(&options.dockerfile);
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    if parsed.diagnostics.iter().any(is_error) {
        let errors = parsed.diagnostics.into_iter().filter(is_error).collect();
        return Err(Error::Dockerfile(errors));
    }
    let bases = WorldBases::new(environment, options.pull);
    let plan = plan(&parsed.dockerfile, options, &bases)?;
    for warning in &plan.warnings {
        (environment.events)(Event::Warning(warning.clone()));
    }
    (environment.events)(Event::Planned(titles(&plan, options)));
    let schedule = Schedule::new(&plan, options, environment);
    let target = plan.result();
    let made = schedule.run(target.filesystem)?;
    let image = assemble::assemble(target, &made, &schedule, environment)?;
    for tag in &options.tags {
        environment.store.tag(tag, &image.manifest)?;
    }
    let stages = report(&plan, &schedule, environment.store);
    Ok(Outcome { image, stages })
}

/// How the steps are shown, each with its place among those of its stage.
fn titles(plan: &Plan, options: &Options) -> Vec<StepTitle> {
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
                .map(|stage| plan.stages[stage].name.clone())
                .unwrap_or_default(),
            position: step.stage.map(|_| (place(before + 1), place(total))),
            text: one_line(&step.title),
            line: step.span.map(|span| options.dockerfile.line(span.start)),
        });
    }
    titles
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
