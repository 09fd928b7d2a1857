//! A layer's blob on its way to being unpacked.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read};

/// Says how far the reading is and whether to go on.
type Proceed<'a> = Box<dyn FnMut(u64) -> bool + Send + 'a>;

/// A reader that tells how much was read, and ends with an error when it is told to stop.
pub(super) struct Watched<'a> {
    content: Box<dyn Read + Send + 'a>,
    count: u64,
    proceed: Proceed<'a>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(content: Box<dyn Read + Send + 'a>, proceed: Proceed<'a>) -> Watched<'a> {
        Watched {
            content,
            count: 0,
            proceed,
        }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !(self.proceed)(self.count) {
            return Err(io::Error::other(Stopped));
        }
        let read = self.content.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// What the reader of a stopped stream gets, whatever it makes of it.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl StdError for Stopped {}

/// Whether this came of stopping.
pub(super) fn was_stopped(error: &(dyn StdError + 'static)) -> bool {
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<Stopped>()
        || inner.is_some_and(|inner| was_stopped(inner))
        || error.source().is_some_and(was_stopped)
}
