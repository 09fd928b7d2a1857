//! What is known of the steps of a build, from the events so far.

use super::step_log::{LogDirectory, StepLog};
use super::{FailedStep, StepId};
use crate::terminal::clean;
use builder::{Event, StepTitle};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Lines kept of a running step's output for the live view.
const TAIL: usize = 12;
/// A line without an end is cut after this many bytes.
const LINE_LIMIT: usize = 64 << 10;

/// All steps that were planned.
#[derive(Debug)]
pub(super) struct Steps {
    steps: BTreeMap<StepId, Step>,
    logs: LogDirectory,
    /// The step whose output or state was told last.
    last_told: Option<StepId>,
    pub(super) began: Instant,
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    /// Its number in plain lines and log names, in the order in which steps were planned.
    pub(super) number: usize,
    pub(super) title: StepTitle,
    pub(super) state: State,
    /// The last lines of its output, made safe to show.
    pub(super) tail: VecDeque<String>,
    /// What it moves, by its name.
    pub(super) transfers: BTreeMap<String, Transfer>,
    /// Output behind the last line end.
    partial: Vec<u8>,
    log: StepLog,
    /// Whether lines of others came between its own.
    interleaved: bool,
    /// Whether it was told that it failed.
    reported: bool,
}

/// Something on its way: a blob, a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    /// Bytes so far.
    pub(super) done: u64,
    /// Bytes in all, if that is known.
    pub(super) total: Option<u64>,
    pub(super) began: Instant,
    /// How long it took, once it is there.
    pub(super) took: Option<Duration>,
}

impl Transfer {
    /// Bytes a second, once that can be told.
    pub(super) fn rate(&self) -> Option<u64> {
        let time = self.took.unwrap_or_else(|| self.began.elapsed());
        let enough = time >= Duration::from_millis(100);
        enough.then(|| (self.done as f64 / time.as_secs_f64()) as u64)
    }
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running(Instant),
    Cached,
    Done(Duration),
    Failed(Duration),
}

/// What an event changed, for the views.
#[derive(Debug)]
pub(super) enum Change {
    Started(StepId),
    Cached(StepId),
    /// A line of output.
    Line(StepId, String),
    Moved,
    /// Something has arrived.
    Arrived(StepId, String),
    Done(StepId),
    Failed(StepId),
}

impl Steps {
    pub(super) fn new(logs: LogDirectory) -> Self {
        Self {
            steps: BTreeMap::new(),
            logs,
            last_told: None,
            began: Instant::now(),
        }
    }

    pub(super) fn get(&self, id: StepId) -> Option<&Step> {
        self.steps.get(&id)
    }

    /// Steps under way, in the order of the plan.
    pub(super) fn running(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .values()
            .filter(|step| matches!(step.state, State::Running(_)))
    }

    /// How many steps are done, and how many there are.
    pub(super) fn count(&self) -> (usize, usize) {
        let done = |step: &&Step| matches!(step.state, State::Cached | State::Done(_));
        (self.steps.values().filter(done).count(), self.steps.len())
    }

    /// Takes in an event and says what it changed.
    pub(super) fn apply(&mut self, event: Event) -> Vec<Change> {
        match event {
            Event::Planned(titles) => {
                for title in titles {
                    self.plan(title);
                }
                Vec::new()
            }
            Event::Started(id) => {
                self.turn(id, |_| State::Running(Instant::now()), Change::Started)
            }
            Event::Cached(id) => self.turn(id, |_| State::Cached, Change::Cached),
            Event::Output(id, _, bytes) => self.output(id, &bytes),
            Event::Progress {
                step,
                what,
                done,
                total,
            } => {
                let what = clean::line(what.as_bytes());
                let arrived = { self.steps.get_mut(&step) }
                    .is_some_and(|step| step.moves(&what, done, total));
                match arrived {
                    true => vec![Change::Moved, Change::Arrived(step, what)],
                    false => vec![Change::Moved],
                }
            }
            Event::Finished(id) => self.ended(id, State::Done, Change::Done),
            Event::Failed(id) => self.failed_at(id),
            // They are shown together, when the build is over, or apart from steps.
            Event::Explained(_)
            | Event::Surveyed(_)
            | Event::Warning(_)
            | Event::Imported(..)
            | Event::CacheUnused { .. } => Vec::new(),
        }
    }

    fn plan(&mut self, mut title: StepTitle) {
        let number = self.steps.len() + 1;
        title.stage = clean::line(title.stage.as_bytes());
        title.text = clean::line(title.text.replace('\n', " ").as_bytes());
        self.steps.entry(title.id).or_insert_with(|| Step {
            number,
            title,
            state: State::Waiting,
            tail: VecDeque::new(),
            transfers: BTreeMap::new(),
            partial: Vec::new(),
            log: StepLog::default(),
            interleaved: false,
            reported: false,
        });
    }

    fn turn(
        &mut self,
        id: StepId,
        state: impl FnOnce(State) -> State,
        change: impl FnOnce(StepId) -> Change,
    ) -> Vec<Change> {
        self.told(id);
        let Some(step) = self.steps.get_mut(&id) else {
            return Vec::new();
        };
        step.state = state(step.state);
        vec![change(id)]
    }

    /// A step can fail before it is started, if what it takes is not there: it is named all the same.
    fn failed_at(&mut self, id: StepId) -> Vec<Change> {
        let mut changes = Vec::new();
        if self
            .get(id)
            .is_some_and(|step| matches!(step.state, State::Waiting))
        {
            changes = self.turn(id, |_| State::Running(Instant::now()), Change::Started);
        }
        changes.extend(self.ended(id, State::Failed, Change::Failed));
        changes
    }

    fn ended(
        &mut self,
        id: StepId,
        state: impl FnOnce(Duration) -> State,
        change: impl FnOnce(StepId) -> Change,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(step) = self.steps.get_mut(&id)
            && !step.partial.is_empty()
        {
            let rest = std::mem::take(&mut step.partial);
            changes.push(step.line(id, &rest));
        }
        changes.extend(self.turn(id, |before| state(before.elapsed()), change));
        changes
    }

    fn output(&mut self, id: StepId, bytes: &[u8]) -> Vec<Change> {
        self.told(id);
        let Some(step) = self.steps.get_mut(&id) else {
            return Vec::new();
        };
        step.log.write(&self.logs, step.number, bytes);
        let mut changes = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            step.partial.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut step.partial);
            changes.push(step.line(id, &line));
        }
        step.partial.extend_from_slice(rest);
        if step.partial.len() > LINE_LIMIT {
            let line = std::mem::take(&mut step.partial);
            changes.push(step.line(id, &line));
        }
        changes
    }

    /// Remembers whose turn it was, to know which logs were shown in one piece.
    fn told(&mut self, id: StepId) {
        if let Some(last) = self.last_told.replace(id)
            && last != id
            && let Some(step) = self.steps.get_mut(&last)
        {
            step.interleaved |= matches!(step.state, State::Running(_));
        }
    }

    /// The steps that failed since this was last asked. In plain lines a log that nothing came between needs no
    /// repetition.
    pub(super) fn failed(&mut self, lines_were_shown: bool) -> Vec<FailedStep> {
        let failed = self
            .steps
            .values_mut()
            .filter(|s| matches!(s.state, State::Failed(_)))
            .filter(|s| !s.reported);
        failed
            .map(|step| {
                step.reported = true;
                FailedStep {
                    title: super::title(&step.title),
                    shown: lines_were_shown && !step.interleaved,
                    log: step.log.path(),
                }
            })
            .collect()
    }
}

impl Step {
    fn line(&mut self, id: StepId, bytes: &[u8]) -> Change {
        let line = clean::line(bytes);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.clone());
        Change::Line(id, line)
    }

    /// Notes how far something is; whether it has just arrived.
    fn moves(&mut self, what: &str, done: u64, total: Option<u64>) -> bool {
        let entry = self.transfers.entry(what.to_owned());
        let transfer = entry.or_insert_with(|| Transfer {
            done,
            total,
            began: Instant::now(),
            took: None,
        });
        (transfer.done, transfer.total) = (done, total);
        let arrives = Some(done) == total && transfer.took.is_none();
        if arrives {
            transfer.took = Some(transfer.began.elapsed());
        }
        arrives
    }

    /// What is on its way right now.
    pub(super) fn moving(&self) -> impl Iterator<Item = (&String, &Transfer)> {
        let moving = |(_, transfer): &(&String, &Transfer)| transfer.took.is_none();
        self.transfers.iter().filter(moving)
    }

    /// What it is writing right now, without a line end as yet (a progress bar).
    pub(super) fn unfinished_line(&self) -> Option<String> {
        (!self.partial.is_empty()).then(|| clean::line(&self.partial))
    }

    /// Bytes moved so far and bytes in all, over everything that it moves.
    pub(super) fn moved(&self) -> Option<(u64, Option<u64>)> {
        let done = self.transfers.values().map(|transfer| transfer.done).sum();
        let total = self.transfers.values().map(|transfer| transfer.total).sum();
        (!self.transfers.is_empty()).then_some((done, total))
    }
}

impl State {
    /// Time since it began, or that it took.
    pub(super) fn elapsed(self) -> Duration {
        match self {
            Self::Running(since) => since.elapsed(),
            Self::Done(took) | Self::Failed(took) => took,
            Self::Waiting | Self::Cached => Duration::ZERO,
        }
    }
}
