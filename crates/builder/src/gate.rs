//! A limit on how many do something at once.

use std::sync::{Condvar, Mutex};

/// Lets a number of threads in.
#[derive(Debug)]
pub(crate) struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

/// A place inside; leaving is dropping it.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Gate);

impl Gate {
    /// A gate for `places` threads.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            free: Mutex::new(places),
            left: Condvar::new(),
        }
    }

    /// Waits for a place.
    pub(crate) fn enter(&self) -> Place<'_> {
        let mut free = self.free.lock().expect("no thread panics with it");
        while *free == 0 {
            free = self.left.wait(free).expect("no thread panics with it");
        }
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().expect("no thread panics with it") += 1;
        self.0.left.notify_one();
    }
}
