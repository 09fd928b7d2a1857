//! Steps that the builds of one process are making: whoever comes to the same step waits, and then finds its record.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::key::Key;

/// How often somebody who waits looks whether there is still a wish to go on.
const LOOK: Duration = Duration::from_millis(50);

/// The definition keys of those steps. Builds that share one make equal steps once.
///
/// Nobody waits for ever: a step is waited for while its own inputs are made at most, whose keys are part of its key.
#[derive(Debug, Default)]
pub struct Claims {
    keys: Mutex<BTreeSet<Key>>,
    given_up: Condvar,
}

/// The right to make a step; given up by dropping it.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    claims: &'a Claims,
    key: Key,
}

impl Claims {
    /// Waits until nobody else makes the step; `None` once `stopped` says so.
    pub(crate) fn wait(&self, key: Key, stopped: &dyn Fn() -> bool) -> Option<Claim<'_>> {
        let mut keys = self.keys.lock().expect("no thread panics with it");
        while !keys.insert(key) {
            if stopped() {
                return None;
            }
            let waited = self.given_up.wait_timeout(keys, LOOK);
            keys = waited.expect("no thread panics with it").0;
        }
        Some(Claim { claims: self, key })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut keys = self.claims.keys.lock().expect("no thread panics with it");
        keys.remove(&self.key);
        drop(keys);
        self.claims.given_up.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::Claims;
    use crate::key::Key;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_at_a_time() {
        let claims = Claims::default();
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (claims, inside) = (&claims, &inside);
                scope.spawn(move || {
                    let claim = claims.wait(Key([number % 2; 32]), &|| false);
                    assert!(claim.is_some());
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let _first = claims.wait(Key([0; 32]), &|| true).unwrap();
        assert!(claims.wait(Key([0; 32]), &|| true).is_none());
    }
}
