//! Sending blobs to a place that may have them.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use oci::{BlobError, Descriptor};
use registry::{Client, Config};

use super::CacheExported;
use super::place::Place;
use crate::moved::Moved;
use crate::{Environment, StepId};

/// How often it is looked whether an export is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Sends blobs, as long as there is time.
pub(super) struct Sender<'e> {
    limits: Limits,
    /// What failed first; the rest only stopped because of it.
    first: Mutex<Option<BlobError>>,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    step: StepId,
    environment: &'e Environment<'e>,
}

/// Exports something with a sender, and a client that sends nothing more once the export is to end: when its time is over, when
/// the build is to end, or when one blob has failed. A server that says nothing is not waited for any longer than that.
pub(super) fn within<'e, T>(
    timeout: Duration,
    step: StepId,
    environment: &'e Environment<'e>,
    export: impl FnOnce(&Sender<'e>, &Client) -> Result<T, BlobError>,
) -> Result<T, BlobError> {
    let sender = Sender {
        limits: Limits {
            ended: Arc::default(),
            deadline: Instant::now() + timeout,
        },
        first: Mutex::default(),
        sent: AtomicU64::new(0),
        sent_bytes: AtomicU64::new(0),
        step,
        environment,
    };
    let client = Client::new(Config {
        cancel: Arc::clone(&sender.limits.ended),
        ..environment.registry.config().clone()
    });
    let over = AtomicBool::new(false);
    let exported = thread::scope(|scope| {
        let watching = scope.spawn(|| sender.watch(&over));
        let _end = Over(&over, watching.thread().clone());
        export(&sender, &client)
    });
    exported.map_err(|error| sender.reason(error, timeout))
}

/// Tells whoever watches that there is nothing more to watch.
struct Over<'o>(&'o AtomicBool, Thread);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.unpark();
    }
}

impl Sender<'_> {
    /// What was sent.
    pub(super) fn sent(&self) -> CacheExported {
        CacheExported {
            sent: self.sent.load(Ordering::Relaxed),
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            ..CacheExported::default()
        }
    }

    /// A blob could not be sent: the others need not be. What comes back is no more than that it has stopped.
    pub(super) fn fail(&self, error: BlobError) -> BlobError {
        if !self.limits.ended.swap(true, Ordering::Relaxed) {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            *first = Some(error);
        }
        BlobError::Source(STOPPED.into())
    }

    /// Set once the export is to end.
    pub(super) fn ended(&self) -> &AtomicBool {
        &self.limits.ended
    }

    /// Sends a blob if the place does not have it.
    pub(super) fn send(
        &self,
        place: &dyn Place,
        blob: &Descriptor,
        open: Open<'_>,
    ) -> Result<(), BlobError> {
        self.send_or_mount(place, blob, &[], open)
    }

    /// The same with a blob that these repositories have.
    pub(super) fn send_or_mount(
        &self,
        place: &dyn Place,
        blob: &Descriptor,
        from: &[String],
        open: Open<'_>,
    ) -> Result<(), BlobError> {
        self.going_on()?;
        if place.holds(blob)? || place.mount(blob, from)? {
            return Ok(());
        }
        let moved = Moved::of(&blob.digest, Some(blob.size), self.step, self.environment);
        let watched = || -> io::Result<Box<dyn Read + Send + '_>> {
            Ok(moved.reading(Watched {
                content: open().map_err(io::Error::other)?,
                limits: self.limits.clone(),
            }))
        };
        place.send(blob, &watched)?;
        moved.finish(blob.size);
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.sent_bytes.fetch_add(blob.size, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn going_on(&self) -> Result<(), BlobError> {
        self.limits
            .check()
            .map_err(|reason| BlobError::Source(reason.into()))
    }

    /// Ends the export when it is time to.
    fn watch(&self, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            if self.is_cancelled() || self.limits.is_late() {
                self.limits.ended.store(true, Ordering::Relaxed);
            }
            thread::park_timeout(LOOK);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.environment.cancel.load(Ordering::Relaxed)
    }

    /// Why an export failed: what failed first, or that there was no more time.
    fn reason(&self, last: BlobError, timeout: Duration) -> BlobError {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        match first.take() {
            _ if self.limits.is_late() => {
                let seconds = timeout.as_secs_f64();
                BlobError::Source(
                    format!("it is not done after {seconds} s; timeout= allows more").into(),
                )
            }
            Some(first) => first,
            None => last,
        }
    }
}

/// Opens a blob when it is to be sent.
pub(super) type Open<'o> = &'o (dyn Fn() -> Result<Box<dyn Read + Send>, BlobError> + Sync);

/// Why something ends that has not failed by itself.
const STOPPED: &str = "stopped";

/// What ends an export.
#[derive(Clone)]
struct Limits {
    deadline: Instant,
    /// Set when the export is to end.
    ended: Arc<AtomicBool>,
}

impl Limits {
    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn check(&self) -> Result<(), &'static str> {
        match self.ended.load(Ordering::Relaxed) || self.is_late() {
            true => Err(STOPPED),
            false => Ok(()),
        }
    }
}

/// A blob on its way, which ends when the export does.
struct Watched {
    content: Box<dyn Read + Send>,
    limits: Limits,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limits.check().map_err(io::Error::other)?;
        self.content.read(buffer)
    }
}
