use std::sync::Arc;

use oci::Reference;

use crate::auth::Authenticator;
use crate::config::Config;
use crate::error::Error;
use crate::hosts;
use crate::repository::{Repository, Resolved};
use crate::transport::Transport;

/// Everything that requests share: configuration, connections and tokens. A clone is the same client.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) transport: Transport,
    pub(crate) authenticator: Authenticator,
}

impl Client {
    /// A client that connects to nothing yet.
    pub fn new(config: Config) -> Self {
        let config = Arc::new(config);
        let transport = Transport::new(Arc::clone(&config));
        let authenticator = Authenticator::default();
        Self {
            shared: Arc::new(Shared {
                config,
                transport,
                authenticator,
            }),
        }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The repository of a reference, where the configuration says that it is.
    ///
    /// # Errors
    /// When the configuration forbids the reference, or makes no sense for it.
    pub fn repository(&self, reference: &Reference) -> Result<Repository, Error> {
        let config = &self.shared.config;
        let endpoints = config.registries.endpoints(reference)?;
        let endpoints = hosts::expand(endpoints, &config.certificates.of_hosts)?;
        Ok(Repository::new(self.clone(), reference.clone(), endpoints))
    }

    /// Resolves a reference and says what is there: [`Repository::resolve`] in one call.
    ///
    /// # Errors
    /// As [`repository`](Self::repository) and [`Repository::resolve`].
    pub fn resolve(&self, reference: &Reference) -> Result<(Repository, Resolved), Error> {
        let repository = self.repository(reference)?;
        let resolved = repository.resolve()?;
        Ok((repository, resolved))
    }
}
