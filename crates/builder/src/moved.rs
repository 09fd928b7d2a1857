//! Blobs on their way out, and how far they are.

use std::io::{self, Read};

use oci::Digest;

use crate::{Environment, Event, StepId};

/// How a blob is called where there is little room.
pub(crate) fn short(digest: &Digest) -> String {
    digest.hex().chars().take(12).collect()
}

/// A blob on its way, of which events tell how far it is.
pub(crate) struct Moved<'a> {
    what: String,
    total: Option<u64>,
    step: StepId,
    environment: &'a Environment<'a>,
}

impl<'a> Moved<'a> {
    pub(crate) fn of(
        digest: &Digest,
        total: Option<u64>,
        step: StepId,
        environment: &'a Environment<'a>,
    ) -> Self {
        Self {
            what: short(digest),
            total,
            step,
            environment,
        }
    }

    /// Its content, which is counted as it is read.
    pub(crate) fn reading<'r>(
        &'r self,
        content: impl Read + Send + 'r,
    ) -> Box<dyn Read + Send + 'r> {
        Box::new(Counted {
            content,
            moved: self,
            done: 0,
        })
    }

    /// It has arrived.
    pub(crate) fn finish(&self, size: u64) {
        self.tell(size, Some(size));
    }

    fn tell(&self, done: u64, total: Option<u64>) {
        (self.environment.events)(Event::Progress {
            step: self.step,
            what: self.what.clone(),
            done,
            total,
        });
    }
}

struct Counted<'a, R> {
    content: R,
    moved: &'a Moved<'a>,
    done: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.done += read as u64;
        // That all of it was sent does not mean that it has arrived.
        if read > 0 && Some(self.done) != self.moved.total {
            self.moved.tell(self.done, self.moved.total);
        }
        Ok(read)
    }
}
