//! What the builds of one command share: a store, a way to registries, and the wish to stop.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::progress::Notices;
use crate::signals;
use builder::{Claims, Environment, Event};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What builds work with.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: store::Store,
    registry: registry::Client,
    claims: Claims,
    /// Set by Ctrl-C, and where one build's failure ends the others.
    pub(crate) cancel: Arc<AtomicBool>,
}

impl<'a> Session<'a> {
    /// Opens the store and begins to catch signals: there must be one thread. What registries make us wait for goes to `notices`.
    pub(crate) fn open(config: &'a Config, notices: &Notices) -> Result<Self, CommandError> {
        let cancel = signals::watch();
        if let Some(socket) = config.docker_socket() {
            signals::watch_docker(socket);
        }
        let store = config.store()?;
        let registry = config.registry(Arc::clone(&cancel), notices.observer())?;
        Ok(Self {
            config,
            store,
            registry,
            claims: Claims::default(),
            cancel,
        })
    }

    /// What a build works with that tells `events` what happens.
    pub(super) fn environment<'e>(&'e self, events: &'e (dyn Fn(Event) + Sync)) -> Environment<'e> {
        Environment {
            store: &self.store,
            registry: &self.registry,
            events,
            cancel: &self.cancel,
            claims: &self.claims,
            git: self.config.git(),
            inspector: None,
            layers_as: None,
            leave: None,
            resolv_conf: self.config.resolv_conf(),
            programs: self.config.programs(),
        }
    }
}
