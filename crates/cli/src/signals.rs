//! Ctrl-C and its like, for builds and for containers.

use crate::docker_plugin::caller;
use crate::exit::Exit;
use crate::output;
use crate::terminal::cursor;
use sandbox::Signals;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// SIGHUP, SIGINT and SIGTERM: what asks a program to end.
const ENDING: [i32; 3] = [1, 2, 15];
/// SIGWINCH: the terminal has another size.
pub(crate) const RESIZED: i32 = 28;
/// Signals that a container gets in our place: those, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT and SIGWINCH.
const FORWARDED: [i32; 9] = [1, 2, 3, 10, 12, 14, 15, 18, RESIZED];

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Catches the signals that ask to end, from now on. The first sets the flag, so that what is going on stops by itself; the second
/// ends carafe at once, and with it everything in its sandboxes. Must be called while there is one thread.
pub(crate) fn watch() -> Arc<AtomicBool> {
    // Where the kernel has no signalfd the signals end the process as ever.
    if let Ok(signals) = Signals::catch(&ENDING) {
        std::thread::spawn(move || {
            while let Ok(signal) = signals.wait() {
                if SIGNAL.swap(signal, Ordering::SeqCst) != 0 {
                    end(signal);
                }
                ASKED.store(true, Ordering::SeqCst);
            }
        });
    }
    Arc::clone(&ASKED)
}

/// The same for the docker command that called us and closes this socket: as if SIGTERM came.
pub(crate) fn watch_docker(socket: String) {
    std::thread::spawn(move || {
        if caller::wait_for_end(&socket) {
            // Perhaps a signal came as well; it is the same wish.
            let _ = SIGNAL.compare_exchange(0, 15, Ordering::SeqCst, Ordering::SeqCst);
            ASKED.store(true, Ordering::SeqCst);
        }
    });
}

/// The exit code of a command that was asked to end, if it was.
pub(crate) fn exit() -> Option<Exit> {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(Exit::of_signal(signal)),
    }
}

fn end(signal: i32) -> ! {
    cursor::show();
    output::note("\nKilled.\n");
    std::process::exit(Exit::of_signal(signal).code().into());
}

/// What a container's owner does with a signal.
type Receiver = Box<dyn FnMut(i32) + Send>;

/// Hands signals over to a container. Before there is one they end carafe as ever.
#[derive(Clone)]
pub(crate) struct Forwarder {
    receiver: Arc<Mutex<Option<Receiver>>>,
}

impl Forwarder {
    /// Begins to catch signals. Must be called while there is one thread.
    pub(crate) fn start() -> Self {
        let receiver: Arc<Mutex<Option<Receiver>>> = Arc::default();
        let this = Self { receiver };
        if let Ok(signals) = Signals::catch(&FORWARDED) {
            let forwarder = this.clone();
            std::thread::spawn(move || {
                while let Ok(signal) = signals.wait() {
                    forwarder.take(signal);
                }
            });
        }
        this
    }

    /// From now on signals are `receiver`'s.
    pub(crate) fn hand_to(&self, receiver: Receiver) {
        *self.lock() = Some(receiver);
    }

    fn take(&self, signal: i32) {
        match &mut *self.lock() {
            Some(receiver) => receiver(signal),
            None if ENDING.contains(&signal) || signal == 3 => end(signal),
            None => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Receiver>> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a signal asks a program to end.
pub(crate) fn asks_to_end(signal: i32) -> bool {
    ENDING.contains(&signal)
}
