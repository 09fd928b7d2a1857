//! Shows a build while it runs: live on a terminal, else as plain lines. It only consumes the builder's events.

mod frame;
mod notices;
mod part;
mod plain;
mod rawjson;
mod step_log;
mod steps;
mod tty;

pub(crate) use notices::Notices;
pub(crate) use rawjson::warning as raw_warning;
pub(crate) use step_log::LogDirectory;

use crate::terminal::style::Style;
use builder::{Event, StepId, StepTitle};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use steps::{Change, Steps};

/// How a build is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A live view.
    Tty,
    /// Lines.
    Plain,
    /// Documents for programs.
    RawJson,
    /// Nothing; logs are kept all the same.
    Quiet,
}

/// The display of one build.
#[derive(Debug)]
pub(crate) struct Progress {
    shared: Arc<Mutex<Shared>>,
    ticker: Option<tty::Ticker>,
}

#[derive(Debug)]
struct Shared {
    steps: Steps,
    view: View,
}

#[derive(Debug)]
enum View {
    Tty(tty::Tty),
    Plain(plain::Plain),
    RawJson(rawjson::RawJson),
    Quiet,
}

/// A step that failed, for the report at the end.
#[derive(Debug)]
pub(crate) struct FailedStep {
    /// `[builder 2/5] RUN make`.
    pub(crate) title: String,
    /// Its log, if it wrote anything.
    pub(crate) log: Option<PathBuf>,
    /// Whether the log was shown in one piece just now, and need not be shown again.
    pub(crate) shown: bool,
}

impl Progress {
    /// Begins to show a build on standard error, and what registries make it wait for.
    pub(crate) fn start(mode: Mode, style: Style, logs: LogDirectory, notices: &Notices) -> Self {
        let view = match mode {
            Mode::Tty => View::Tty(tty::Tty::new(style)),
            Mode::Plain => View::Plain(plain::Plain::new(style)),
            Mode::RawJson => View::RawJson(rawjson::RawJson::default()),
            Mode::Quiet => View::Quiet,
        };
        let shared = Arc::new(Mutex::new(Shared {
            steps: Steps::new(logs),
            view,
        }));
        notices.show_in(&shared);
        let ticker = (mode == Mode::Tty).then(|| tty::Ticker::start(&shared));
        Self { shared, ticker }
    }

    /// Takes an event; called from any thread.
    pub(crate) fn event(&self, event: Event) {
        let mut shared = lock(&self.shared);
        let Shared { steps, view } = &mut *shared;
        if let View::RawJson(raw) = view {
            crate::output::note(&raw.lines(&event));
        }
        if let Event::CacheUnused { cache, reason } = &event {
            let text = format!("warning: the cache {cache} is not used: {reason}");
            view.say(&crate::terminal::clean::line(text.as_bytes()));
        }
        for change in steps.apply(event) {
            view.show(steps, &change);
        }
    }

    /// Leaves the terminal to somebody else until `resume`. Gives the steps that failed so far.
    pub(crate) fn pause(&self) -> Vec<FailedStep> {
        let mut shared = lock(&self.shared);
        let Shared { steps, view } = &mut *shared;
        view.end(steps);
        steps.failed(matches!(view, View::Plain(_)))
    }

    /// Shows the build again.
    pub(crate) fn resume(&self) {
        if let View::Tty(tty) = &mut lock(&self.shared).view {
            tty.resume();
        }
    }

    /// Ends the display: the live part goes, its lines stay. Gives the steps that failed.
    pub(crate) fn end(mut self) -> Vec<FailedStep> {
        if let Some(ticker) = self.ticker.take() {
            ticker.stop();
        }
        let mut shared = lock(&self.shared);
        let Shared { steps, view } = &mut *shared;
        view.end(steps);
        steps.failed(matches!(view, View::Plain(_)))
    }
}

impl View {
    fn show(&mut self, steps: &Steps, change: &Change) {
        match self {
            Self::Tty(tty) => tty.show(steps, change),
            Self::Plain(plain) => crate::output::note(&plain.show(steps, change)),
            Self::RawJson(_) | Self::Quiet => {}
        }
    }

    /// Shows a line that belongs to no step.
    fn say(&mut self, line: &str) {
        match self {
            Self::Tty(tty) => tty.say(line),
            Self::Plain(_) => crate::output::note(&format!("{line}\n")),
            Self::RawJson(_) | Self::Quiet => {}
        }
    }

    fn end(&mut self, steps: &Steps) {
        if let Self::Tty(tty) = self {
            tty.end(steps);
        }
    }
}

/// A thread that panicked while it held the lock left at most an odd line.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names a step in messages.
fn title(title: &StepTitle) -> String {
    let (stage, text) = (&title.stage, &title.text);
    match title.position {
        Some((at, of)) if stage.is_empty() => format!("[{at}/{of}] {text}"),
        Some((at, of)) => format!("[{stage} {at}/{of}] {text}"),
        None if stage.is_empty() => text.clone(),
        None => format!("[{stage}] {text}"),
    }
}

#[cfg(test)]
mod tests;
