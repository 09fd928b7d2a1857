//! Sending blobs to a place that may have them.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use oci::{BlobError, Descriptor};

use super::CacheExported;
use super::place::Place;
use crate::Environment;

/// Sends blobs, as long as there is time.
pub(super) struct Sender {
    limits: Limits,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
}

impl Sender {
    /// A sender that gives up after so much time, or when the build is to end.
    pub(super) fn new(timeout: Duration, environment: &Environment<'_>) -> Self {
        Self {
            limits: Limits {
                cancel: Arc::clone(&environment.registry.config().cancel),
                deadline: Instant::now() + timeout,
                ended: Arc::default(),
            },
            sent: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
        }
    }

    /// What was sent.
    pub(super) fn sent(&self) -> CacheExported {
        CacheExported {
            sent: self.sent.load(Ordering::Relaxed),
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            ..CacheExported::default()
        }
    }

    /// Nothing more is to be sent.
    pub(super) fn end(&self) {
        self.limits.ended.store(true, Ordering::Relaxed);
    }

    /// Sends a blob if the place does not have it.
    pub(super) fn send(
        &self,
        place: &dyn Place,
        blob: &Descriptor,
        open: Open<'_>,
    ) -> Result<(), BlobError> {
        self.going_on()?;
        if place.holds(blob)? {
            return Ok(());
        }
        let watched = || -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(Watched {
                content: open().map_err(io::Error::other)?,
                limits: self.limits.clone(),
            }))
        };
        place.send(blob, &watched)?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.sent_bytes.fetch_add(blob.size, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn going_on(&self) -> Result<(), BlobError> {
        self.limits
            .check()
            .map_err(|reason| BlobError::Source(reason.into()))
    }
}

/// Opens a blob when it is to be sent.
pub(super) type Open<'o> = &'o (dyn Fn() -> Result<Box<dyn Read + Send>, BlobError> + Sync);

/// What ends an export.
#[derive(Clone)]
struct Limits {
    cancel: Arc<AtomicBool>,
    deadline: Instant,
    /// Set when one layer failed: the others need not be sent.
    ended: Arc<AtomicBool>,
}

impl Limits {
    fn check(&self) -> Result<(), &'static str> {
        if self.cancel.load(Ordering::Relaxed) || self.ended.load(Ordering::Relaxed) {
            return Err("stopped");
        }
        match Instant::now() < self.deadline {
            true => Ok(()),
            false => Err("it takes too long"),
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
