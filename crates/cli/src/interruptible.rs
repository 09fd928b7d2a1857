//! Input that ends with an error once the user asked to stop.

use crate::signals;
use std::io::{self, Read};

/// A reader that looks at Ctrl-C before each read.
pub(crate) struct Interruptible<R>(pub(crate) R);

impl<R: Read> Read for Interruptible<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if signals::exit().is_some() {
            return Err(io::Error::other("stopped"));
        }
        self.0.read(buffer)
    }
}
