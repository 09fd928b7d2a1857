//! distribution-spec, "Pushing a blob": one upload, from its opening to its end, over as many connections as it takes.

use oci::{Descriptor, Digest};

use super::{Repository, manifest};
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use crate::retry::Retry;
use crate::transport::{Answer, Body, Location, Place, Request};
pub(super) use outgoing::Outgoing;
use outgoing::Part;

mod outgoing;

/// How much goes in one piece to those who do not take everything in one: proxies limit what they let through.
const PIECE: u64 = 32 << 20;

/// How often a connection breaks before pieces are tried.
const BROKEN_BEFORE_PIECES: u32 = 2;

/// An upload that the registry has opened.
#[derive(Clone, Debug)]
pub(super) struct Session {
    location: Location,
    /// How much the registry has.
    offset: u64,
    /// Whether it was taken up again after it broke.
    resumed: bool,
}

/// How much goes in one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pace {
    /// All of it.
    #[default]
    Whole,
    /// A piece.
    Pieces,
}

/// How an upload goes on after something went wrong.
#[derive(Debug, Default)]
struct Course {
    session: Option<Session>,
    /// How often it broke since the registry got more than before.
    broken: u32,
    /// How much the registry had at most.
    furthest: u64,
    pace: Pace,
}

impl Session {
    /// The upload that an answer opens.
    pub(super) fn opened(
        action: &Action,
        endpoint: &Endpoint,
        answer: &Answer,
    ) -> Result<Self, Error> {
        Ok(Self {
            location: location(action, endpoint, answer)?,
            offset: 0,
            resumed: false,
        })
    }

    /// Moves on to where an answer says, if it does, and to how much of it the answer says has arrived.
    fn moved(
        &mut self,
        action: &Action,
        endpoint: &Endpoint,
        answer: &Answer,
        sent: u64,
    ) -> Result<(), Error> {
        if answer.header("location").is_some() {
            self.location = location(action, endpoint, answer)?;
        }
        match arrived(answer) {
            Some(arrived) if arrived < sent => {
                self.offset = arrived.max(self.offset);
                let reason = format!("it took {arrived} of {sent} bytes");
                Err(action.silence(endpoint.host(), reason))
            }
            _ => {
                self.offset = sent;
                Ok(())
            }
        }
    }
}

fn location(action: &Action, endpoint: &Endpoint, answer: &Answer) -> Result<Location, Error> {
    Location::of(answer, endpoint).map_err(|reason| action.misled(endpoint.host(), reason))
}

/// `Range: 0-N`: how many bytes there are by now. Nothing and one byte are told alike.
fn arrived(answer: &Answer) -> Option<u64> {
    let range = answer.header("range")?;
    let last: u64 = range.rsplit('-').next()?.trim().parse().ok()?;
    Some(if last == 0 { 0 } else { last.saturating_add(1) })
}

impl Repository {
    /// Sends content until the registry has all of it: goes on where it broke, or begins again.
    pub(super) fn send_blob(
        &self,
        action: &Action,
        content: &Outgoing<'_>,
        opened: Option<Session>,
    ) -> Result<(Digest, u64), Error> {
        let mut course = Course {
            session: opened,
            ..Course::default()
        };
        loop {
            let session = match course.session.take() {
                Some(session) => session,
                None => self.open_upload(action)?,
            };
            let error =
                match self.advance(action, content, course.session.insert(session), course.pace) {
                    Ok(sent) => return Ok(sent),
                    Err(error) => content.explain(action, error),
                };
            self.after(action, &mut course, error)?;
            if let Some(sent) = content.known()
                && self.has_blob(&sent.0)?
            {
                // It has arrived, and only the answer got lost.
                return Ok(sent);
            }
            if let Some(session) = course.session.take() {
                course.session = self.resume(action, &session)?;
            }
        }
    }

    /// Waits, if it makes sense to go on after an error.
    fn after(&self, action: &Action, course: &mut Course, error: Error) -> Result<(), Error> {
        let config = self.client.config();
        let reached = course.session.as_ref().map_or(0, |session| session.offset);
        if reached > course.furthest {
            (course.furthest, course.broken) = (reached, 0);
        }
        let mut retry = Retry::new(config, config.retries.attempts).after(course.broken);
        course.broken += 1;
        if error.is_too_large() && course.pace == Pace::Whole {
            course.pace = Pace::Pieces;
            course.session = None;
            return Ok(());
        }
        if course.broken >= BROKEN_BEFORE_PIECES {
            course.pace = Pace::Pieces;
        }
        let resumed = course.session.as_ref().is_some_and(|old| old.resumed);
        if error.is_lost_upload() || (resumed && error.is_refusal()) {
            course.session = None;
            return retry.wait_anyway(action, error);
        }
        retry.wait(action, error)
    }

    /// Sends what is missing, and ends the upload.
    pub(super) fn advance(
        &self,
        action: &Action,
        content: &Outgoing<'_>,
        session: &mut Session,
        pace: Pace,
    ) -> Result<(Digest, u64), Error> {
        let known = content.known();
        let mut body = Body::Bytes(Vec::new());
        let whole = Part::new(content, 0, known.as_ref().map(|(_, size)| *size));
        match &known {
            Some(_) if session.offset == 0 && pace == Pace::Whole => body = Body::Stream(&whole),
            Some((_, size)) => {
                while session.offset < *size {
                    let piece = match pace {
                        Pace::Whole => u64::MAX,
                        Pace::Pieces => PIECE,
                    };
                    let length = (*size - session.offset).min(piece);
                    let part = Part::new(content, session.offset, Some(length));
                    self.patch(action, session, &part)?;
                }
            }
            None => self.patch(action, session, &Part::new(content, session.offset, None))?,
        }
        let (digest, size) = known
            .or_else(|| content.found())
            .ok_or_else(|| action.silence(self.target().host(), "the content has no end"))?;
        self.finish(action, session, &digest, body)?;
        Ok((digest, size))
    }

    /// Sends a part.
    fn patch(
        &self,
        action: &Action,
        session: &mut Session,
        part: &Part<'_, '_>,
    ) -> Result<(), Error> {
        let endpoint = self.target();
        let mut request = Request::new("PATCH")
            .header("content-type", "application/octet-stream")
            .content(Body::Stream(part));
        if let Some(range) = part.range() {
            request = request.header("content-range", range);
        }
        let answer = self.pushing(action, Place::Upload(&session.location), &request)?;
        match answer.status() {
            200..=204 => session.moved(action, endpoint, &answer, part.end()),
            _ => Err(answer.into_error(action, endpoint.host())),
        }
    }

    /// Tells the digest, and sends `body` along.
    fn finish(
        &self,
        action: &Action,
        session: &Session,
        digest: &Digest,
        body: Body<'_>,
    ) -> Result<(), Error> {
        let host = self.target().host();
        let location = session.location.with("digest", digest.as_str());
        let location = location.map_err(|reason| action.misled(host, reason))?;
        let request = Request::new("PUT")
            .header("content-type", "application/octet-stream")
            .content(body);
        let answer = self.pushing(action, Place::Upload(&location), &request)?;
        match answer.status() {
            200 | 201 | 204 => manifest::check_stated(action, &answer, digest),
            _ => Err(answer.into_error(action, host)),
        }
    }

    /// distribution-spec, "GET upload status": the upload as the registry has it, if it still has it.
    fn resume(&self, action: &Action, session: &Session) -> Result<Option<Session>, Error> {
        let endpoint = self.target();
        let place = Place::Upload(&session.location);
        let answer = self.repeat(action, || {
            let answer = self.pushing(action, place, &Request::get())?;
            match answer.status() {
                500..=599 | 429 => Err(answer.into_error(action, endpoint.host())),
                _ => Ok(answer),
            }
        })?;
        let Some(offset) = arrived(&answer).filter(|_| matches!(answer.status(), 200..=204)) else {
            return Ok(None);
        };
        let mut resumed = Session {
            offset,
            resumed: true,
            ..session.clone()
        };
        if answer.header("location").is_some() {
            resumed.location = location(action, endpoint, &answer)?;
        }
        Ok(Some(resumed))
    }
}

impl<'a> Outgoing<'a> {
    /// What is known of the content before it is read.
    fn known(&self) -> Option<(Digest, u64)> {
        let of = |blob: &Descriptor| (blob.digest.clone(), blob.size);
        self.expected().map(of)
    }
}
