use std::io::{self, Read};

use super::{Asked, Bucket};
use crate::error::{Action, Error};
use crate::retry::{Retry, check_cancel};
use crate::transport::{Answer, Request};

/// The content of an object, as it comes; where the connection breaks it is read on from there.
pub(super) struct ObjectReader {
    bucket: Bucket,
    object: String,
    action: Action,
    body: Box<dyn Read + Send>,
    /// What the object is that was begun: nothing else may be its rest.
    version: Option<String>,
    length: Option<u64>,
    done: u64,
    /// How often it broke since bytes came last.
    broken: u32,
}

impl ObjectReader {
    /// Asks for an object; `None` if there is none.
    pub(super) fn open(bucket: &Bucket, object: &str) -> Result<Option<Self>, Error> {
        let action = bucket.action("get", object);
        let request = Request::get().header("accept-encoding", "identity");
        let answer = bucket.ask(&Asked::new(&action, object), &request)?;
        Ok(answer.map(|answer| Self {
            bucket: bucket.clone(),
            object: object.to_owned(),
            version: answer.header("etag").map(str::to_owned),
            length: answer.content_length(),
            body: body(answer),
            action,
            done: 0,
            broken: 0,
        }))
    }

    /// The connection broke: waits, and asks for the rest.
    fn reconnect(&mut self, error: Error) -> Result<(), Error> {
        let config = self.bucket.client.config();
        let mut retry = Retry::new(config, config.retries.attempts).after(self.broken);
        // What the rest is of has to be known.
        let Some(version) = &self.version else {
            return Err(error);
        };
        retry.wait(&self.action, error)?;
        let request = Request::get()
            .header("accept-encoding", "identity")
            .header("range", format!("bytes={}-", self.done))
            .header("if-match", version.clone());
        let answer = self
            .bucket
            .ask(&Asked::new(&self.action, &self.object), &request)?;
        let answer = answer.ok_or_else(|| self.gone("it is not there any more"))?;
        if answer.status() != 206 || !answer.starts_at(self.done) {
            return Err(self.gone("another range than was asked for"));
        }
        self.broken += 1;
        self.body = body(answer);
        Ok(())
    }

    fn gone(&self, reason: &str) -> Error {
        self.action.mismatch(&self.bucket.address.bucket, reason)
    }
}

fn body(answer: Answer) -> Box<dyn Read + Send> {
    Box::new(answer.into_reader())
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            check_cancel(self.bucket.client.config(), &self.action).map_err(io::Error::other)?;
            let host = &self.bucket.address.bucket;
            let error = match self.body.read(buffer) {
                Ok(0) if self.length.is_none_or(|length| self.done >= length) => return Ok(0),
                Ok(0) => {
                    let reason = "the connection broke before the end";
                    self.action.silence(host, reason)
                }
                Ok(read) => {
                    self.done += read as u64;
                    self.broken = 0;
                    return Ok(read);
                }
                Err(error) => self.action.network(host, &error),
            };
            if buffer.is_empty() {
                return Ok(0);
            }
            self.reconnect(error).map_err(io::Error::other)?;
        }
    }
}
