use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::Config;
use crate::error::{Action, Error};
use crate::retry::check_cancel;

/// How often a thread that waits looks whether it still should.
const LOOK: Duration = Duration::from_millis(50);

/// How many may do something at the same time.
#[derive(Debug)]
pub(super) struct Slots {
    free: Mutex<usize>,
    changed: Condvar,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(count),
            changed: Condvar::new(),
        }
    }

    /// Waits for a slot, which is free again when the value is dropped.
    pub(super) fn take(&self, config: &Config, action: &Action) -> Result<Slot<'_>, Error> {
        let mut free = self.lock();
        while *free == 0 {
            check_cancel(config, action)?;
            let waited = self.changed.wait_timeout(free, LOOK);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Ok(Slot(self))
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them.
pub(super) struct Slot<'s>(&'s Slots);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.changed.notify_one();
    }
}
