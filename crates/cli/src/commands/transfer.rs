//! What `pull` and `push` share: a way to registries, and the display of one transfer.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::progress::{LogDirectory, Mode, Notices, Progress};
use builder::{Claims, Environment, Event, StepId, StepTitle};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::Store;

/// What transfers work with.
pub(super) struct Transfers<'a> {
    pub(super) store: &'a Store,
    pub(super) registry: registry::Client,
    config: &'a Config,
    mode: Mode,
    notices: Notices,
    cancel: Arc<AtomicBool>,
}

/// The step that a transfer is shown as.
pub(super) const STEP: StepId = StepId(0);

/// How transfers are shown where nothing else was asked for.
pub(super) fn mode(config: &Config) -> Mode {
    match config.has_live_terminal() {
        true => Mode::Tty,
        false => Mode::Plain,
    }
}

impl<'a> Transfers<'a> {
    pub(super) fn new(
        store: &'a Store,
        config: &'a Config,
        mode: Mode,
        cancel: Arc<AtomicBool>,
    ) -> Result<Self, CommandError> {
        let notices = Notices::default();
        let registry = config.registry(Arc::clone(&cancel), notices.observer())?;
        Ok(Self {
            store,
            registry,
            config,
            mode,
            notices,
            cancel,
        })
    }

    /// Shows one transfer as a build with one step.
    pub(super) fn show<T>(
        &self,
        text: String,
        act: impl FnOnce(&Environment<'_>) -> Result<T, builder::Error>,
    ) -> Result<T, builder::Error> {
        let logs = LogDirectory::new(&self.store.layout().logs());
        let progress = Progress::start(self.mode, self.config.style(), logs, &self.notices);
        progress.event(Event::Planned(vec![StepTitle {
            id: STEP,
            stage: String::new(),
            position: None,
            text,
            line: None,
            inputs: Vec::new(),
        }]));
        let environment = Environment {
            store: self.store,
            registry: &self.registry,
            events: &|event| progress.event(event),
            cancel: &self.cancel,
            git: builder::remote::GitSettings::default(),
            inspector: None,
            layers_as: None,
            leave: None,
            claims: &Claims::default(),
            resolv_conf: Vec::new(),
            programs: Vec::new(),
        };
        let done = act(&environment);
        if done.is_err() {
            progress.event(Event::Failed(STEP));
        }
        progress.end();
        done
    }
}
