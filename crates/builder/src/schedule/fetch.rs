//! Steps that fetch what is elsewhere: what it is has to be asked, and is then the step's key.

use std::time::SystemTime;

use super::{Made, Schedule, Stopped};
use crate::Event;
use crate::key::{Key, KeyWriter};
use crate::record::Record;
use crate::remote::{Credentials, Errand, Fetcher, Found, Remote};
use crate::step::{CopyOperation, StepId};

impl Schedule<'_> {
    /// The key of what is there now. It is asked once in a build.
    pub(super) fn remote_key(&self, id: StepId, remote: &Remote) -> Result<Key, Stopped> {
        Ok(self.found(id, remote)?.key)
    }

    /// Fetches what the store does not have.
    pub(super) fn fetch(&self, id: StepId, remote: &Remote) -> Result<Made, Stopped> {
        let found = self.found(id, remote)?;
        let key = self.key(id)?;
        if let Some(record) = self.recorded(id, key) {
            if !found.told {
                (self.environment.events)(Event::Cached(id));
            }
            return Ok(Made::default().with(&record));
        }
        let _place = self.gate.enter();
        self.going_on()?;
        let snapshot = self
            .fetcher()
            .fetch(remote, found, self.errand(id))
            .map_err(|error| self.fail(id, error))?;
        let record = Record {
            snapshot,
            below: None,
            created: SystemTime::now(),
            notices: Vec::new(),
            files: None,
            from: None,
        };
        self.record(id, &[key], &record)?;
        Ok(Made::default().with(&record))
    }

    /// Whether nobody had to fetch it.
    pub(super) fn was_not_fetched(&self, id: StepId) -> bool {
        let found = self.found[id.0 as usize].get();
        let told = found.is_some_and(|found| found.as_ref().is_ok_and(|found| found.told));
        !told && self.made[id.0 as usize].get().is_none()
    }

    /// The key of what a copy takes, things fetched among it; `fetched` says what each of these is.
    pub(super) fn with_fetched(
        &self,
        id: StepId,
        copy: &CopyOperation,
        fetched: &dyn Fn(&CopyOperation, StepId) -> Result<Key, Stopped>,
    ) -> Result<Key, Stopped> {
        let mut writer = KeyWriter::new("files from several places");
        if copy.has_paths() {
            let selection = self.contexts.select(id, copy);
            writer.key(selection.map_err(|error| self.fail(id, error))?.key());
        }
        for (copy, step) in copy.fetched() {
            writer.key(fetched(&copy, step)?);
        }
        Ok(writer.finish())
    }

    fn found(&self, id: StepId, remote: &Remote) -> Result<&Found, Stopped> {
        let found = self.found[id.0 as usize].get_or_init(|| {
            self.going_on()?;
            let found = self.fetcher().find(remote, self.errand(id));
            found.map_err(|error| self.fail(id, error))
        });
        found.as_ref().map_err(|stopped| *stopped)
    }

    fn errand(&self, id: StepId) -> Errand {
        Errand {
            step: id,
            anew: self.step(id).no_cache,
        }
    }

    fn fetcher(&self) -> Fetcher<'_> {
        Fetcher {
            environment: self.environment,
            credentials: Credentials {
                secrets: &self.options.secrets,
                ssh: &self.options.run.ssh,
            },
        }
    }
}
