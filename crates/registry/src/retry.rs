use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::{Config, Event};
use crate::error::{Action, Error};

/// Who mistyped a name wants to know it at once.
const ATTEMPTS_AT_NOBODY: u32 = 2;

/// Counts what failed, and waits before it is tried again.
#[derive(Debug)]
pub(crate) struct Retry<'a> {
    config: &'a Config,
    attempts: u32,
    failed: u32,
}

impl<'a> Retry<'a> {
    /// At most `attempts` in all.
    pub(crate) fn new(config: &'a Config, attempts: u32) -> Self {
        Self {
            config,
            attempts,
            failed: 0,
        }
    }

    /// Starts after `failed` failures.
    pub(crate) fn after(self, failed: u32) -> Self {
        Self { failed, ..self }
    }

    /// Takes an error. If it makes sense to try again, waits and comes back; else gives it back.
    pub(crate) fn wait(&mut self, action: &Action, error: Error) -> Result<(), Error> {
        // What was given up half-way looks like a failure.
        check_cancel(self.config, action)?;
        match error.is_retryable() {
            true => self.wait_anyway(action, error),
            false => Err(error),
        }
    }

    /// The same where something else than the same will be tried.
    pub(crate) fn wait_anyway(&mut self, action: &Action, error: Error) -> Result<(), Error> {
        check_cancel(self.config, action)?;
        self.failed += 1;
        let retries = self.config.retries;
        let attempts = if error.is_unreachable() {
            self.attempts.min(ATTEMPTS_AT_NOBODY)
        } else {
            self.attempts
        };
        if self.failed >= attempts {
            return Err(error);
        }
        let wait = match error.retry_after() {
            Some(asked) if asked > retries.longest_wait => return Err(error),
            Some(asked) => asked,
            None => back_off(retries.first_wait, self.failed).min(retries.longest_wait),
        };
        self.config.observer.tell(Event::Retrying {
            error: &error,
            attempt: self.failed,
            wait,
        });
        sleep(wait, &self.config.cancel).map_err(|()| action.cancelled())
    }
}

/// Twice as long each time, and half of that at random, so that many clients do not come back at once.
fn back_off(first: Duration, failed: u32) -> Duration {
    let longest = first.saturating_mul(1 << (failed - 1).min(16));
    // Every `RandomState` has other keys: random enough to spread clients.
    let random = (RandomState::new().hash_one(failed) % 1024) as u32;
    longest / 2 + longest / 2 * random / 1024
}

fn sleep(wait: Duration, cancel: &AtomicBool) -> Result<(), ()> {
    const STEP: Duration = Duration::from_millis(50);
    let end = Instant::now() + wait;
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(());
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(STEP));
    }
}

/// Fails once the user wants no more.
pub(crate) fn check_cancel(config: &Config, action: &Action) -> Result<(), Error> {
    if config.cancel.load(Ordering::Relaxed) {
        Err(action.cancelled())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow() {
        let first = Duration::from_millis(100);
        for (failed, longest) in [(1, 100), (2, 200), (5, 1600), (40, 6_553_600)] {
            let wait = back_off(first, failed);
            let longest = Duration::from_millis(longest);
            assert!(longest / 2 <= wait && wait <= longest, "{failed}: {wait:?}");
        }
    }

    #[test]
    fn nobody_waits_who_has_cancelled() {
        assert_eq!(
            sleep(Duration::from_secs(3600), &AtomicBool::new(true)),
            Err(())
        );
        assert_eq!(sleep(Duration::ZERO, &AtomicBool::new(false)), Ok(()));
    }
}
