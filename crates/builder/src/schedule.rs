//! Executing a plan: which steps run, when, and which are taken from the cache.
//!
//! Every step has one cell that holds what it made; whoever needs it first makes it, others wait.
//! A chain of steps so runs in one thread, without handing over; beside it, a thread looks at each
//! step that has inputs from elsewhere and starts those as soon as it is clear that the step is
//! not in the cache. Inputs of cached steps are never made.

mod fetch;
mod import;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

use dockerfile::{Diagnostic, Severity};
use rootfs::Union;
use store::SnapshotId;

use crate::cache::Importer;
use crate::context::Contexts;
use crate::execute::{Executor, Seen, Work};
use crate::gate::Gate;
use crate::key::{self, Key, stack_key};
use crate::missing::Advisor;
use crate::notice::Notice;
use crate::plan::{Places, PlannedStage};
use crate::record::Record;
use crate::remote::Found;
use crate::select::Tree;
use crate::step::{CopyOperation, Filesystem, Operation, Source, Step, StepId};
use crate::{Environment, Error, Event, Options, Plan, Wanted};

/// What a step made: a stack of snapshots, the lowest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    /// The stack; what the step itself made is on top.
    pub(crate) stack: Arc<Vec<SnapshotId>>,
    /// The image at the bottom, whose snapshots may still have to be unpacked.
    pub(crate) base: Option<StepId>,
    /// When the snapshot on top was made.
    pub(crate) created: Option<SystemTime>,
}

/// A step failed, or was not begun since another one had; the first error is kept aside.
#[derive(Clone, Copy, Debug)]
struct Stopped;

/// As many `RUN`s at once as people have stages; more would only fight for the machine.
const STEPS_AT_ONCE: usize = 16;

/// Executes a plan.
pub(crate) struct Schedule<'a> {
    plan: &'a Plan,
    options: &'a Options,
    environment: &'a Environment<'a>,
    importer: &'a Importer<'a>,
    pub(crate) contexts: Contexts<'a>,
    executor: Executor<'a>,
    /// What is elsewhere, for the steps that fetch it.
    found: Vec<OnceLock<Result<Found, Stopped>>>,
    made: Vec<OnceLock<Result<Made, Stopped>>>,
    keys: Vec<OnceLock<Result<Key, Stopped>>>,
    first_error: Mutex<Option<Error>>,
    /// The step that failed first, where somebody looks into it before its error is kept.
    claimed: OnceLock<StepId>,
    stop: AtomicBool,
    gate: Gate,
    /// Steps that have one below or among their inputs which must be executed.
    on_fresh: Vec<bool>,
    /// Which steps' files are looked at.
    seen: Vec<Seen>,
    /// Whether times of files count to the fraction of a second.
    exact_times: bool,
}

impl<'a> Schedule<'a> {
    /// A schedule in which nothing has happened yet.
    pub(crate) fn new(
        plan: &'a Plan,
        options: &'a Options,
        environment: &'a Environment<'a>,
        importer: &'a Importer<'a>,
    ) -> Self {
        let cells = plan.steps.len();
        Self {
            plan,
            options,
            environment,
            importer,
            contexts: Contexts::new(
                options,
                options.times.normalise(plan.epoch),
                environment.store,
            ),
            executor: Executor::new(options, environment),
            found: (0..cells).map(|_| OnceLock::new()).collect(),
            made: (0..cells).map(|_| OnceLock::new()).collect(),
            keys: (0..cells).map(|_| OnceLock::new()).collect(),
            first_error: Mutex::new(None),
            claimed: OnceLock::new(),
            stop: AtomicBool::new(false),
            gate: Gate::new(STEPS_AT_ONCE),
            on_fresh: on_fresh(plan),
            seen: seen(plan, options),
            exact_times: options.times.rewrite_files(plan.epoch),
        }
    }

    /// Makes what each of the targets makes, and whatever they need; then says what every step made that was
    /// needed (`None` for steps that nobody had to look at).
    pub(crate) fn run(&self, targets: &[Filesystem]) -> Result<Vec<Made>, Error> {
        let made = std::thread::scope(|scope| {
            for id in self.ids().filter(|&id| self.has_inputs(id)) {
                scope.spawn(move || self.look_ahead(id));
            }
            let (first, others) = targets.split_first().expect("there is a platform");
            let others = others
                .iter()
                .map(|&target| scope.spawn(move || self.target(target)));
            let others: Vec<_> = others.collect();
            let first = self.target(*first);
            let others = others
                .into_iter()
                .map(|other| other.join().expect("no step panics"));
            std::iter::once(first)
                .chain(others)
                .collect::<Result<Vec<_>, _>>()
        });
        if self.environment.cancel.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        self.first_error()?;
        let made = made.map_err(|Stopped| Error::Cancelled)?;
        for id in self.ids().filter(|&id| self.was_not_needed(id)) {
            if self.tell_of_unneeded(id).is_err() {
                break;
            }
            (self.environment.events)(Event::Cached(id));
        }
        self.first_error()?;
        self.contexts.save();
        Ok(made)
    }

    fn target(&self, target: Filesystem) -> Result<Made, Stopped> {
        let Some(target) = target else {
            return Ok(Made::default());
        };
        let made = self.made(target)?;
        // Nothing may have needed the files of the base; the image that ships is nothing without them.
        self.provide(&made, target)?;
        Ok(made)
    }

    fn first_error(&self) -> Result<(), Error> {
        let mut first = self.first_error.lock().expect("no thread panics with it");
        first.take().map_or(Ok(()), Err)
    }

    /// Tells what a step did that was hardly meant. With `--strict` it fails.
    fn tell(&self, id: StepId, notices: &[Notice]) -> Result<(), Stopped> {
        let none = Places::default();
        let places = self.plan.places.get(&id).unwrap_or(&none);
        let step = self.step(id);
        let mut warnings: Vec<Diagnostic> = notices
            .iter()
            .filter_map(|notice| notice.warning(step, places))
            .collect();
        if self.options.reporting.strict && !warnings.is_empty() {
            for warning in &mut warnings {
                warning.severity = Severity::Error;
            }
            return Err(self.fail(id, Error::Dockerfile(warnings)));
        }
        for warning in warnings {
            (self.environment.events)(Event::Warning(warning));
        }
        Ok(())
    }

    /// The same for a step that nobody had to look at.
    fn tell_of_unneeded(&self, id: StepId) -> Result<(), Stopped> {
        match self.record_of(id) {
            Some(record) => self.tell(id, &record.notices),
            None => Ok(()),
        }
    }

    /// What errors call a file system that is copied from.
    pub(crate) fn name_of(&self, filesystem: Filesystem) -> String {
        let Some(id) = filesystem else {
            return "an empty stage".to_owned();
        };
        let made_it = |stage: &&PlannedStage| {
            let image = stage.image.as_ref();
            image.is_some_and(|image| image.filesystem == filesystem)
        };
        match (
            &self.step(id).operation,
            self.plan.stages.iter().find(made_it),
        ) {
            (Operation::Image(image), _) => format!("the image `{}`", image.name),
            (_, Some(stage)) => format!("stage `{}`", stage.name),
            (_, None) => "the stage that it is from".to_owned(),
        }
    }

    /// The files of a stage or an image, if it was made.
    pub(crate) fn tree(&self, filesystem: Filesystem) -> Result<Tree, Error> {
        self.executor.tree(filesystem, self)
    }

    /// The layers of a file system, to look into without mounting them; `None` unless they are there.
    pub(crate) fn union(&self, filesystem: Filesystem) -> Option<Union> {
        let made = self.peek(filesystem?)?;
        let stack = self.environment.store.stack(&made.stack).ok()?;
        self.environment.store.union(&stack).ok()
    }

    /// The definition key of a step, if anyone asked for it.
    pub(crate) fn known_key(&self, id: StepId) -> Option<Key> {
        self.keys[id.0 as usize].get()?.ok()
    }

    /// What a step made, if anyone asked for it.
    pub(crate) fn known(&self, id: StepId) -> Option<&Made> {
        self.made[id.0 as usize].get()?.as_ref().ok()
    }

    /// Whether nobody had to look at a step, since what comes after it was in the cache.
    fn was_not_needed(&self, id: StepId) -> bool {
        match &self.step(id).operation {
            Operation::Image(_) => !self.executor.was_unpacked(id),
            Operation::Fetch(_) => self.was_not_fetched(id),
            _ => self.made[id.0 as usize].get().is_none(),
        }
    }

    /// What a step made, or would be found to have made: nothing is executed.
    pub(crate) fn peek(&self, id: StepId) -> Option<Made> {
        if let Some(made) = self.known(id) {
            return Some(made.clone());
        }
        let step = self.step(id);
        let below = match step.below {
            Some(below) => self.peek(below)?,
            None => Made::default(),
        };
        if let Operation::Image(image) = &step.operation {
            let stack = Arc::new(image.snapshots());
            return Some(Made {
                stack,
                base: Some(id),
                created: None,
            });
        }
        Some(below.with(&self.record_of(id)?))
    }

    fn ids(&self) -> impl Iterator<Item = StepId> + use<> {
        (0..u32::try_from(self.plan.steps.len()).expect("fewer steps than lines")).map(StepId)
    }

    fn step(&self, id: StepId) -> &'a Step {
        &self.plan.steps[id.0 as usize]
    }

    fn made(&self, id: StepId) -> Result<Made, Stopped> {
        for step in self.chain(id, &self.made) {
            let _ = self.made[step.0 as usize].get_or_init(|| self.make(step));
        }
        let made = self.made[id.0 as usize].get();
        made.expect("it is the last of the chain").clone()
    }

    /// A step and those below it that have no value in `cells` yet, the lowest first: going through them in this
    /// order, a long chain needs no deep stack.
    fn chain<T>(&self, id: StepId, cells: &[OnceLock<T>]) -> Vec<StepId> {
        let steps = std::iter::successors(Some(id), |&id| self.step(id).below);
        let mut chain: Vec<_> = steps
            .take_while(|id| cells[id.0 as usize].get().is_none())
            .collect();
        chain.reverse();
        chain
    }

    /// The definition key of a step, where contexts count by their content.
    fn key(&self, id: StepId) -> Result<Key, Stopped> {
        for step in self.chain(id, &self.keys) {
            let _ = self.keys[step.0 as usize].get_or_init(|| self.make_key(step));
        }
        let key = self.keys[id.0 as usize].get();
        *key.expect("it is the last of the chain")
    }

    fn make_key(&self, id: StepId) -> Result<Key, Stopped> {
        let step = self.step(id);
        let files = self.context_files(id)?;
        for input in step.below.into_iter().chain(inputs(step)) {
            self.key(input)?;
        }
        Ok(key::of(
            step,
            &|id| self.key(id).unwrap_or(Key([0; 32])),
            files,
        ))
    }

    /// The key of what a step takes from outside: files of a context, and what is elsewhere.
    fn context_files(&self, id: StepId) -> Result<Option<Key>, Stopped> {
        let copy = match &self.step(id).operation {
            Operation::Fetch(remote) => return self.remote_key(id, remote).map(Some),
            Operation::Copy(copy) => copy,
            _ => return Ok(None),
        };
        if copy.fetched().next().is_some() {
            let key = |_: &CopyOperation, step| self.key(step);
            return self.with_fetched(id, copy, &key).map(Some);
        }
        let Source::Context(_) = copy.source else {
            return Ok(None);
        };
        if !copy.has_paths() {
            return Ok(None);
        }
        self.going_on()?;
        let selection = self
            .contexts
            .select(id, copy)
            .map_err(|error| self.fail(id, error))?;
        Ok(Some(selection.key()))
    }

    /// Starts a step's inputs once it is clear that they are needed.
    fn look_ahead(&self, id: StepId) {
        let Ok(key) = self.key(id) else { return };
        if self.on_fresh[id.0 as usize] || !self.is_known(id, key) {
            std::thread::scope(|scope| {
                for input in inputs(self.step(id)) {
                    scope.spawn(move || {
                        if let Ok(made) = self.made(input) {
                            let _ = self.unpack(&made, input);
                        }
                    });
                }
            });
        }
    }

    fn has_inputs(&self, id: StepId) -> bool {
        inputs(self.step(id)).next().is_some()
    }

    fn make(&self, id: StepId) -> Result<Made, Stopped> {
        self.going_on()?;
        let step = self.step(id);
        let below = match step.below {
            Some(below) => self.made(below)?,
            None => Made::default(),
        };
        if let Operation::Image(image) = &step.operation {
            let stack = Arc::new(image.snapshots());
            return Ok(Made {
                stack,
                base: Some(id),
                created: None,
            });
        }
        if let Operation::Fetch(remote) = &step.operation {
            return self.fetch(id, remote);
        }
        let key = self.key(id)?;
        let mut claim = None;
        loop {
            if let Some(record) = self.defined(id, key, &below) {
                return self.hit(id, &record, &below);
            }
            // With the right to make it, it may have been made while that was waited for.
            if claim.is_some() || step.no_cache {
                return self.execute(id, key, &below);
            }
            let claims = self.environment.claims;
            claim = Some(claims.wait(key, &|| self.stopped()).ok_or(Stopped)?);
        }
    }

    /// Makes a step that its definition key did not find: asks with the content key, and executes.
    fn execute(&self, id: StepId, key: Key, below: &Made) -> Result<Made, Stopped> {
        let step = self.step(id);
        for input in inputs(step) {
            let made = self.made(input)?;
            self.unpack(&made, input)?;
        }
        self.unpack(below, id)?;
        let (content, files) = self.content_key(id, below)?;
        if let Some(record) = self.recorded_on(id, content, below) {
            if record.from.is_none() {
                self.record(id, &[key], &record)?;
            }
            return self.hit(id, &record, below);
        }
        let _place = self.gate.enter();
        self.going_on()?;
        (self.environment.events)(Event::Started(id));
        let notices = Mutex::default();
        let work = Work {
            id,
            span: step.span,
            below,
            normalise: step.normalise,
            schedule: self,
            stopped: &|| self.stopped(),
            seen: self.seen[id.0 as usize],
            notices: &notices,
        };
        let executed = self.executor.execute(step, &work);
        let snapshot = executed.map_err(|error| self.fail(id, error))?;
        let below_it = below.stack.last().cloned();
        let record = Record {
            snapshot,
            below: below_it,
            created: SystemTime::now(),
            notices: notices.into_inner().expect("no thread panics with it"),
            files,
            from: None,
        };
        if !record.notices.iter().any(Notice::spoils_the_record) {
            self.record(id, &[key, content], &record)?;
        }
        self.tell(id, &record.notices)?;
        (self.environment.events)(Event::Finished(id));
        Ok(below.with(&record))
    }

    /// What the step is on what its inputs really are, and what of it stands for files.
    fn content_key(&self, id: StepId, below: &Made) -> Result<(Key, Option<Key>), Stopped> {
        let step = self.step(id);
        let select = |copy: &CopyOperation, _| {
            let selection = self.executor.select_files(copy, self);
            Ok(selection.map_err(|error| self.fail(id, error))?.key())
        };
        let files = match (&step.operation, self.context_files(id)?) {
            (Operation::Copy(copy), _) if copy.fetched().next().is_some() => {
                Some(self.with_fetched(id, copy, &select)?)
            }
            (_, Some(files)) => Some(files),
            (Operation::Copy(copy), None) if copy.has_paths() => Some(select(copy, id)?),
            _ => None,
        };
        let identity = |input: StepId| match self.known(input) {
            Some(made) => stack_key(&made.stack),
            None => stack_key(&below.stack),
        };
        Ok((key::of(step, &identity, files), files))
    }

    /// Sees to it that the snapshots of a stack are there: of the image at its bottom, and of layers in caches.
    fn unpack(&self, made: &Made, asked_by: StepId) -> Result<(), Stopped> {
        if let Some(base) = made.base
            && let Operation::Image(image) = &self.step(base).operation
        {
            let unpacked = self.executor.unpack(base, image);
            unpacked.map_err(|error| self.fail(base, error))?;
        }
        self.restore(made, asked_by)
    }

    /// The record by definition key. It does not count where an input is to be made again, whatever comes of it.
    fn defined(&self, id: StepId, key: Key, below: &Made) -> Option<Record> {
        match self.on_fresh[id.0 as usize] {
            true => None,
            false => self.recorded_on(id, key, below),
        }
    }

    fn recorded(&self, id: StepId, key: Key) -> Option<Record> {
        if self.step(id).no_cache {
            return None;
        }
        let record = Record::read(self.environment.store, key)?;
        // Fractions of a second tell what a build made from what it was given.
        if self.exact_times && self.has_coarse_times(&record) {
            return None;
        }
        Some(record)
    }

    fn record(&self, id: StepId, keys: &[Key], record: &Record) -> Result<(), Stopped> {
        record
            .write(self.environment.store, keys)
            .map_err(|error| self.fail(id, Error::Store(error)))
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.environment.cancel.load(Ordering::Relaxed)
    }

    fn going_on(&self) -> Result<(), Stopped> {
        if self.stopped() { Err(Stopped) } else { Ok(()) }
    }

    /// Makes a failure the first one before its error is told, and stops everything else. `false` if there was one before.
    pub(crate) fn claim(&self, id: StepId) -> bool {
        let first = self.first_error.lock().expect("no thread panics with it");
        let is_first = first.is_none() && !self.stopped() && self.claimed.set(id).is_ok();
        if is_first {
            self.stop.store(true, Ordering::Relaxed);
            (self.environment.events)(Event::Failed(id));
        }
        is_first
    }

    /// Keeps the first error, and stops everything else.
    fn fail(&self, id: StepId, error: Error) -> Stopped {
        let error = match error {
            Error::SourceMissing(missing) => {
                let advisor = Advisor {
                    plan: self.plan,
                    options: self.options,
                    schedule: self,
                };
                advisor.advise(id, *missing).into()
            }
            error => error,
        };
        let mut first = self.first_error.lock().expect("no thread panics with it");
        let is_claimed = self.claimed.get() == Some(&id);
        if first.is_none() && (is_claimed || !self.stopped()) {
            if !is_claimed {
                (self.environment.events)(Event::Failed(id));
            }
            let step = self.step(id);
            *first = Some(error.in_step(id, step));
        }
        self.stop.store(true, Ordering::Relaxed);
        Stopped
    }
}

impl Made {
    /// With one more snapshot on top.
    fn with(&self, record: &Record) -> Self {
        let mut stack = Vec::clone(&self.stack);
        stack.push(record.snapshot.clone());
        Self {
            stack: Arc::new(stack),
            base: self.base,
            created: Some(record.created),
        }
    }
}

/// Which steps stand on one that must be executed (`--no-cache-filter`), or take from it.
fn on_fresh(plan: &Plan) -> Vec<bool> {
    let mut on_fresh: Vec<bool> = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let is_fresh = |id: StepId| on_fresh[id.0 as usize] || plan.steps[id.0 as usize].no_cache;
        let fresh = step.below.into_iter().chain(inputs(step)).any(is_fresh);
        on_fresh.push(fresh);
    }
    on_fresh
}

/// Which steps' files are looked at: by the steps after them, or by whoever gets the result.
fn seen(plan: &Plan, options: &Options) -> Vec<Seen> {
    let all = options.wanted == Wanted::Files || options.times.rewrite_files(plan.epoch);
    let mut seen = vec![if all { Seen::Yes } else { Seen::No }; plan.steps.len()];
    for step in &plan.steps {
        for id in step.below.into_iter().chain(inputs(step)) {
            seen[id.0 as usize] = Seen::Yes;
        }
    }
    seen
}

/// What a step takes in besides what is below it.
fn inputs(step: &Step) -> impl Iterator<Item = StepId> {
    step.operation.inputs().into_iter()
}
