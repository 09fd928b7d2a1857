use std::fmt;
use std::io::{self, Read};

use oci::{Descriptor, VerifiedReader};

use crate::config::Event;
use crate::error::{Action, Error};
use crate::repository::Repository;
use crate::retry::{Retry, check_cancel};
use crate::transport::Answer;

/// The content of a blob, as it comes from the network.
///
/// Errors are [`io::Error`]s around an [`Error`].
#[derive(Debug)]
pub struct BlobReader {
    inner: VerifiedReader<Resuming>,
    action: Action,
    host: String,
}

impl BlobReader {
    pub(crate) fn open(repository: Repository, descriptor: &Descriptor) -> Result<Self, Error> {
        let (resuming, host) = Resuming::open(repository, descriptor, 0)?;
        let action = resuming.action.clone();
        Ok(Self {
            inner: VerifiedReader::new(resuming, descriptor),
            action,
            host,
        })
    }

    /// Reads and checks what is left.
    ///
    /// # Errors
    /// When reading fails, or size or digest are not the descriptor's.
    pub fn finish(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(drop)
    }
}

impl Read for BlobReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .read(buf)
            .map_err(|error| match error.downcast::<oci::Error>() {
                Ok(wrong) => {
                    let mismatch = self.action.mismatch(&self.host, wrong.to_string());
                    io::Error::new(io::ErrorKind::InvalidData, mismatch)
                }
                Err(error) => error,
            })
    }
}

/// Reads on from where a connection broke.
pub(crate) struct Resuming {
    repository: Repository,
    action: Action,
    descriptor: Descriptor,
    body: Box<dyn Read + Send>,
    done: u64,
    /// How many bytes come again, as the other side does not know ranges.
    again: u64,
    /// How often it broke since bytes came last.
    broken: u32,
}

impl Resuming {
    /// Asks for the blob from `offset` on; says who gives it, too.
    pub(crate) fn open(
        repository: Repository,
        descriptor: &Descriptor,
        offset: u64,
    ) -> Result<(Self, String), Error> {
        let object = format!("{}@{}", repository.reference().name(), descriptor.digest);
        let mut resuming = Self {
            repository,
            action: Action::new("download", object),
            descriptor: descriptor.clone(),
            body: Box::new(io::empty()),
            done: offset.min(descriptor.size),
            again: 0,
            broken: 0,
        };
        let host = resuming.connect()?;
        Ok((resuming, host))
    }

    /// Asks for what is missing. Who makes nothing of ranges gives all of it, and what is there comes again.
    fn rest(&self, offset: u64) -> Result<Answer, Error> {
        let (action, digest) = (&self.action, &self.descriptor.digest);
        match self.repository.blob_answer(action, digest, offset) {
            Err(Error::Status { status: 416, .. }) if offset > 0 => {
                self.repository.blob_answer(action, digest, 0)
            }
            answer => answer,
        }
    }

    /// Connects, to go on where it broke; says who gives the rest.
    fn connect(&mut self) -> Result<String, Error> {
        let (action, offset) = (&self.action, self.done);
        let answer = self.rest(offset)?;
        let host = answer.host().to_owned();
        let whole = answer.status() == 200;
        check_length(
            action,
            &answer,
            self.descriptor.size - if whole { 0 } else { offset },
        )?;
        if !whole && !answer.starts_at(offset) {
            return Err(action.mismatch(&host, "another range than was asked for"));
        }
        self.again = if whole { offset } else { 0 };
        self.body = Box::new(answer.into_reader());
        Ok(host)
    }

    /// The connection broke: waits, and makes another.
    fn reconnect(&mut self, error: Error) -> Result<(), Error> {
        let config = self.repository.client().config();
        Retry::new(config, config.retries.attempts)
            .after(self.broken)
            .wait(&self.action, error)?;
        self.broken += 1;
        self.connect().map(drop)
    }

    fn progress(&mut self, read: usize) {
        self.done += read as u64;
        self.broken = 0;
        let (digest, done, total) = (&self.descriptor.digest, self.done, self.descriptor.size);
        let observer = &self.repository.client().config().observer;
        observer.tell(Event::Progress {
            digest,
            done,
            total,
        });
    }
}

impl Read for Resuming {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.descriptor.size - self.done;
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if want == 0 {
            return Ok(0);
        }
        loop {
            check_cancel(self.repository.client().config(), &self.action)
                .map_err(io::Error::other)?;
            let host = self.repository.reference().registry();
            let again = usize::try_from(self.again).unwrap_or(usize::MAX);
            let part = if again > 0 {
                again.min(buf.len())
            } else {
                want
            };
            let error = match self.body.read(&mut buf[..part]) {
                Ok(0) => self
                    .action
                    .silence(host, "the connection broke before the end"),
                Ok(read) if again > 0 => {
                    self.again -= read as u64;
                    continue;
                }
                Ok(read) => {
                    self.progress(read);
                    return Ok(read);
                }
                Err(error) => self.action.network(host, &error),
            };
            self.reconnect(error).map_err(io::Error::other)?;
        }
    }
}

impl fmt::Debug for Resuming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resuming")
            .field("descriptor", &self.descriptor)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// A length that is stated must be right: better to say so before than after the download.
fn check_length(action: &Action, answer: &Answer, expected: u64) -> Result<(), Error> {
    match answer.content_length() {
        Some(actual) if actual != expected => {
            let reason = format!("{actual} bytes where {expected} were expected");
            Err(action.mismatch(answer.host(), reason))
        }
        _ => Ok(()),
    }
}
