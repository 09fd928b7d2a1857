//! Doing one thing to many items, on all processors.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Does `work` with every number below `count`, side by side on as many threads as there are
/// processors, and no more than are worth it. Each thread has a state of its own, made by `state`.
/// After an error nothing more is begun; the first one is the result.
pub(crate) fn each<S, E: Send>(
    count: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    each_on(processors(), count, state, work)
}

/// The same on so many threads at most: what waits for others more than it works does not need processors.
pub(crate) fn each_on<S, E: Send>(
    threads: usize,
    count: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let run = || -> Result<(), E> {
        let mut state = state();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count || failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            work(&mut state, at).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
        }
    };
    let threads = threads.min(count);
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let own = run();
        others
            .into_iter()
            .map(|other| other.join().expect("the work does not panic"))
            .fold(own, Result::and)
    })
}

/// Whether what is in the directories of a tree may be handed to several threads, or already is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Possible,
    Done,
}

impl Share {
    /// A directory with as many entries for each processor is left to all of them; narrower ones to one, since somewhere
    /// below or beside there is a wide one.
    const WIDE: usize = 4;

    /// Whether a directory with so many entries is to be handed out.
    pub(crate) fn is_worth_it(self, entries: usize) -> bool {
        self == Self::Possible && entries >= Self::WIDE * processors()
    }
}

/// How many threads make sense.
pub(crate) fn processors() -> usize {
    // To find out takes some twenty system calls, for the control groups.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn everything_is_done_once() {
        let done = Mutex::new(vec![0; 1000]);
        let work = |(): &mut (), at: usize| -> Result<(), ()> {
            done.lock().unwrap()[at] += 1;
            Ok(())
        };
        each(1000, || (), work).unwrap();
        assert!(done.into_inner().unwrap().iter().all(|times| *times == 1));
        each(0, || (), |(): &mut (), _| Err("nothing is to be done")).unwrap();
    }

    #[test]
    fn an_error_stops_the_rest() {
        let result = each(
            1_000_000,
            || 0,
            |begun, at| {
                *begun += 1;
                if at == 3 { Err(at) } else { Ok(()) }
            },
        );
        assert_eq!(result, Err(3));
    }
}
