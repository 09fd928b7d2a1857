use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use oci::{Algorithm, Descriptor, Digest, Hasher, VerifiedReader};

use crate::error::{Action, Error};
use crate::repository::push::Content;
use crate::transport::Outflow;

const BUFFER: usize = 64 << 10;

/// Content on its way out. It is read on from where the last part ended, or again from its beginning.
pub(in crate::repository) struct Outgoing<'a> {
    open: Content<'a>,
    expected: Option<Descriptor>,
    state: Mutex<State<'a>>,
}

#[derive(Default)]
struct State<'a> {
    reading: Option<Reading<'a>>,
    /// Digest and length, once the end was seen.
    found: Option<(Digest, u64)>,
    /// Why the content could not be read.
    failure: Option<io::Error>,
}

struct Reading<'a> {
    content: Box<dyn Read + Send + 'a>,
    hasher: Hasher,
    done: u64,
}

impl<'a> Outgoing<'a> {
    /// Content that must be what a descriptor says.
    pub(in crate::repository) fn of(blob: &Descriptor, open: Content<'a>) -> Self {
        Self {
            expected: Some(blob.clone()),
            ..Self::unknown(open)
        }
    }

    /// Content of which nothing is known before its end.
    pub(in crate::repository) fn unknown(open: Content<'a>) -> Self {
        Self {
            open,
            expected: None,
            state: Mutex::default(),
        }
    }

    pub(super) fn expected(&self) -> Option<&Descriptor> {
        self.expected.as_ref()
    }

    /// Digest and length of what was read, if all of it was.
    pub(super) fn found(&self) -> Option<(Digest, u64)> {
        self.lock().found.clone()
    }

    /// The error of a request, or why the content for it could not be read.
    pub(in crate::repository) fn explain(&self, action: &Action, error: Error) -> Error {
        match self.lock().failure.take() {
            Some(_) if error.is_cancelled() => error,
            Some(source) => Error::Content {
                object: action.object.clone(),
                source,
            },
            None => error,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets ready to read from `offset` on.
    fn seek(&self, offset: u64) -> io::Result<()> {
        let mut state = self.lock();
        if state.reading.as_ref().is_some_and(|at| at.done == offset) {
            return Ok(());
        }
        state.found = None;
        let content = (self.open)()?;
        let content = match &self.expected {
            Some(expected) => Box::new(VerifiedReader::new(content, expected)),
            None => content,
        };
        state.reading = Some(Reading {
            content,
            hasher: Hasher::new(Algorithm::Sha256),
            done: 0,
        });
        let mut buffer = vec![0; BUFFER];
        loop {
            let done = state.reading.as_ref().map_or(0, |reading| reading.done);
            let left = usize::try_from(offset - done).unwrap_or(BUFFER);
            if left == 0 {
                return Ok(());
            }
            if state.read(&mut buffer[..left.min(BUFFER)])? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Keeps what went wrong with the content apart from what goes wrong with the network.
    fn noted<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let kind = error.kind();
            let mut state = self.lock();
            state.reading = None;
            state.failure = Some(error);
            kind.into()
        })
    }
}

impl State<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(reading) = &mut self.reading else {
            return Ok(0);
        };
        let read = reading.content.read(buffer)?;
        reading.hasher.update(&buffer[..read]);
        reading.done += read as u64;
        if read == 0
            && let Some(ended) = self.reading.take()
        {
            self.found = Some((ended.hasher.finish(), ended.done));
        }
        Ok(read)
    }
}

/// A part of the content.
pub(super) struct Part<'p, 'a> {
    content: &'p Outgoing<'a>,
    offset: u64,
    /// `None` is all the rest.
    length: Option<u64>,
}

impl<'p, 'a> Part<'p, 'a> {
    pub(super) fn new(content: &'p Outgoing<'a>, offset: u64, length: Option<u64>) -> Self {
        Self {
            content,
            offset,
            length,
        }
    }

    /// The value of `Content-Range`, which distribution-spec has without a unit.
    pub(super) fn range(&self) -> Option<String> {
        let last = (self.offset + self.length?).checked_sub(1)?;
        Some(format!("{}-{last}", self.offset))
    }

    /// Where in the content it ends, once it was sent.
    pub(super) fn end(&self) -> u64 {
        match self.length {
            Some(length) => self.offset + length,
            None => self.content.found().map_or(self.offset, |(_, size)| size),
        }
    }
}

impl Outflow for Part<'_, '_> {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn start(&self) -> io::Result<Box<dyn Read + '_>> {
        self.content.noted(self.content.seek(self.offset))?;
        Ok(Box::new(Flow {
            content: self.content,
            left: self.length,
        }))
    }
}

/// Reads a part.
struct Flow<'p, 'a> {
    content: &'p Outgoing<'a>,
    left: Option<u64>,
}

impl Read for Flow<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.left.and_then(|left| usize::try_from(left).ok());
        let most = most.unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.content.lock().read(&mut buffer[..most]);
        let read = self.content.noted(read)?;
        match &mut self.left {
            // Whoever was told the length would wait for the rest for ever.
            Some(_) if read == 0 => {
                let short = Err(io::ErrorKind::UnexpectedEof.into());
                return self.content.noted(short);
            }
            Some(left) => *left -= read as u64,
            None => {}
        }
        Ok(read)
    }
}
