//! Ctrl-C and its like, for builds and for containers.

use crate::command_error;
use crate::docker_plugin::caller;
use crate::exit::Exit;
use crate::output;
use crate::terminal::cursor;
use crate::terminal::style::Style;
use sandbox::Signals;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// SIGHUP, SIGINT and SIGTERM: what asks a program to end.
const ENDING: [i32; 3] = [1, 2, 15];
/// SIGWINCH: the terminal has another size.
pub(crate) const RESIZED: i32 = 28;
/// Signals that a container gets in our place: those, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT and SIGWINCH.
const FORWARDED: [i32; 9] = [1, 2, 3, 10, 12, 14, 15, 18, RESIZED];

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// How long what is going on may take to stop by itself. Nobody should wait for longer than a second.
const GRACE: Duration = Duration::from_millis(800);

/// Catches the signals that ask to end, from now on. The first sets the flag, so that what is going on stops by itself. What does not
/// (a file of many gigabytes that is hashed, say) ends soon after with carafe itself, as it does at once with the second signal:
/// everything in its sandboxes ends with it, and what it left unfinished in the store is swept by the next one. Must be called while
/// there is one thread.
pub(crate) fn watch() -> Arc<AtomicBool> {
    // Where the kernel has no signalfd the signals end the process as ever.
    if let Ok(signals) = Signals::catch(&ENDING) {
        std::thread::spawn(move || {
            while let Ok(signal) = signals.wait() {
                if SIGNAL.swap(signal, Ordering::SeqCst) != 0 {
                    end(signal);
                }
                ask();
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
            ask();
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

/// Sets the flag, and sees to it that it has an effect.
fn ask() {
    ASKED.store(true, Ordering::SeqCst);
    std::thread::spawn(|| {
        std::thread::sleep(GRACE);
        let error = command_error::interrupted();
        cursor::show();
        output::note(&format!("\n{}", error.render(Style::plain())));
        std::process::exit(error.exit().code().into());
    });
}

fn end(signal: i32) -> ! {
    cursor::show();
    output::note("\nKilled.\n");
    std::process::exit(Exit::of_signal(signal).code().into());
}

/// What a container's owner does with a signal.
type Receiver = Box<dyn FnMut(i32) + Send>;

/// Whose signals they are.
enum Destination {
    /// Ours: those that ask to end do end carafe.
    Carafe,
    /// A container's that is being started: they are kept for it.
    Starting(Vec<i32>),
    /// A container's.
    Container(Receiver),
}

/// Hands signals over to a container. Before there is one they end carafe as ever.
#[derive(Clone)]
pub(crate) struct Forwarder {
    destination: Arc<Mutex<Destination>>,
}

impl Forwarder {
    /// Begins to catch signals. Must be called while there is one thread.
    pub(crate) fn start() -> Self {
        let destination = Arc::new(Mutex::new(Destination::Carafe));
        let this = Self { destination };
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

    /// A container is about to start. Its program may be heard, and answered with a signal, before there is a receiver.
    pub(crate) fn hold(&self) {
        *self.lock() = Destination::Starting(Vec::new());
    }

    /// From now on signals are `receiver`'s, and so are those that were held.
    pub(crate) fn hand_to(&self, mut receiver: Receiver) {
        let mut destination = self.lock();
        if let Destination::Starting(held) = &*destination {
            held.iter().for_each(|&signal| receiver(signal));
        }
        *destination = Destination::Container(receiver);
    }

    fn take(&self, signal: i32) {
        match &mut *self.lock() {
            Destination::Container(receiver) => receiver(signal),
            // Who asks twice does not want to wait for the start.
            Destination::Starting(held) if !(asks_to_end(signal) && held.contains(&signal)) => {
                held.push(signal);
            }
            _ if asks_to_end(signal) || signal == 3 => end(signal),
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Destination> {
        self.destination
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a signal asks a program to end.
pub(crate) fn asks_to_end(signal: i32) -> bool {
    ENDING.contains(&signal)
}
