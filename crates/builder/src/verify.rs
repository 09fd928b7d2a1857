//! `--verify-reproducible`: the same build twice, and what came out otherwise.

mod compare;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use store::{Changes, Timestamps};

use crate::build::{execute, finish, prepare, titles};
use crate::cache::Importer;
use crate::schedule::{Made, Schedule};
use crate::step::Operation;
use crate::{Environment, Error, Event, Options, Outcome, Plan, StepId, StepTitle};

pub use compare::{Aspect, Difference};

/// Who writes the time into a file writes whole seconds: the second build must be in another one.
const APART: Duration = Duration::from_millis(1100);

/// What building twice showed.
#[derive(Debug)]
pub enum Verified {
    /// All files of all steps came out the same. What was built is what [`build`](crate::build()) makes.
    Same(Box<Outcome>),
    /// Some did not.
    Different(Vec<StepDifferences>),
}

/// What a step made otherwise the second time.
#[derive(Debug)]
pub struct StepDifferences {
    /// The step.
    pub step: StepTitle,
    /// The files, in the order of their names; at least one.
    pub files: Vec<Difference>,
}

/// Executes a plan twice, and compares what each step left. Modification times count only if the build has an epoch, since
/// without one they cannot be the same.
///
/// # Errors
/// As [`build`](crate::build()).
pub fn verify(options: &Options, environment: &Environment<'_>) -> Result<Verified, Error> {
    let (plan, form) = prepare(options, environment)?;
    let importer = Importer::new(&options.cache, environment);
    let first = Schedule::new(&plan, options, environment, &importer);
    let made = execute(&plan, &first)?;
    wait(environment)?;
    let steps = u32::try_from(plan.steps.len()).expect("fewer steps than lines");
    let events = |event| (environment.events)(again(event, steps));
    let environment_again = environment.with_events(&events);
    events(Event::Planned(titles(&plan, options)));
    let second = Schedule::new(&plan, options, &environment_again, &importer);
    execute(&plan, &second)?;
    let timestamps = options
        .times
        .images()
        .first()
        .map_or(Timestamps::Kept, |times| {
            options.times.of(*times, plan.epoch).files
        });
    let mut differences = Vec::new();
    for (id, title) in (0..steps).map(StepId).zip(titles(&plan, options)) {
        let (Some(one), Some(other)) = (made_by(id, &plan, &first), made_by(id, &plan, &second))
        else {
            continue;
        };
        let layer = |made: &Made| -> Result<Changes, Error> {
            let changes = environment.store.changes(&made.stack)?;
            Ok(changes.with_timestamps(timestamps))
        };
        let files = compare::layers(layer(one)?, layer(other)?, timestamps)?;
        if !files.is_empty() {
            differences.push(StepDifferences { step: title, files });
        }
    }
    if differences.is_empty() {
        let outcome = finish(&form, &plan, made, &first)?;
        return Ok(Verified::Same(Box::new(outcome)));
    }
    Ok(Verified::Different(differences))
}

/// What a step executed, if anyone needed it.
fn made_by<'s>(id: StepId, plan: &Plan, schedule: &'s Schedule<'_>) -> Option<&'s Made> {
    match plan.steps[id.0 as usize].operation {
        Operation::Image(_) => None,
        _ => schedule.known(id).filter(|made| !made.stack.is_empty()),
    }
}

fn wait(environment: &Environment<'_>) -> Result<(), Error> {
    let begun = Instant::now();
    while begun.elapsed() < APART {
        if environment.cancel.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// An event of the second build, whose steps are other ones for whoever shows them.
fn again(event: Event, steps: u32) -> Event {
    let other = |StepId(id): StepId| StepId(id + steps);
    match event {
        Event::Planned(titles) => {
            let titles = titles.into_iter().map(|title| StepTitle {
                id: other(title.id),
                inputs: title.inputs.into_iter().map(other).collect(),
                stage: format!("again {}", title.stage).trim_end().to_owned(),
                ..title
            });
            Event::Planned(titles.collect())
        }
        Event::Started(id) => Event::Started(other(id)),
        Event::Cached(id) => Event::Cached(other(id)),
        Event::Imported(id, cache) => Event::Imported(other(id), cache),
        Event::Output(id, stream, bytes) => Event::Output(other(id), stream, bytes),
        Event::Progress {
            step,
            what,
            done,
            total,
        } => Event::Progress {
            step: other(step),
            what,
            done,
            total,
        },
        Event::Finished(id) => Event::Finished(other(id)),
        Event::Failed(id) => Event::Failed(other(id)),
        Event::Explained(_)
        | Event::Surveyed(_)
        | Event::Warning(_)
        | Event::CacheUnused { .. } => event,
    }
}
