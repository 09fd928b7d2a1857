//! Objects that are too large for one request: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>.

use std::io::Read;

use oci::Digest;

use super::refusal::tag;
use super::sign::encoded_value;
use super::{Asked, Bucket, PART};
use crate::error::{Action, Error};
use crate::transport::Request;

/// So many parts an object may have.
const MOST_PARTS: u64 = 10_000;

/// The answers are some hundred bytes.
const ANSWER: u64 = 64 << 10;

/// Stores an object in parts.
pub(super) fn put(
    bucket: &Bucket,
    action: &Action,
    (object, length): (&str, u64),
    content: &mut dyn Read,
) -> Result<(), Error> {
    let asked = || Asked::new(action, object);
    let begun = bucket.send("POST", &asked().query("uploads=".to_owned()), b"")?;
    let host = begun.host().to_owned();
    let begun = begun.read(action, ANSWER)?;
    let id = tag(&String::from_utf8_lossy(&begun), "UploadId");
    let id = id.filter(|id| !id.is_empty() && id.len() <= 4096);
    let id = id.ok_or_else(|| action.mismatch(&host, "it does not name the upload"))?;
    let upload = Parts {
        bucket,
        asked: asked(),
        id: encoded_value(&id),
        length,
    };
    let stored = { upload.send(content) }.and_then(|parts| upload.complete(&parts));
    if stored.is_err() {
        // What was sent takes room, and is paid for. Where that does not work, the bucket's own rules have to.
        let _ = upload.abort();
    }
    stored
}

struct Parts<'a> {
    bucket: &'a Bucket,
    asked: Asked<'a>,
    /// Encoded.
    id: String,
    length: u64,
}

impl Parts<'_> {
    fn asked(&self, query: String) -> Asked<'_> {
        self.asked.clone().query(query)
    }

    /// Sends the content; comes back with what the server calls its parts.
    fn send(&self, content: &mut dyn Read) -> Result<Vec<String>, Error> {
        let (bucket, action) = (self.bucket, self.asked.action);
        let unreadable = |source| Error::Content {
            object: action.object.clone(),
            source,
        };
        let part = PART.max(self.length.div_ceil(MOST_PARTS));
        let mut parts = Vec::new();
        let mut bytes = Vec::new();
        let mut done = 0;
        while done < self.length {
            let _slot = bucket.uploads.take(bucket.client.config(), action)?;
            bytes.clear();
            let mut limited = (&mut *content).take(part.min(self.length - done));
            limited.read_to_end(&mut bytes).map_err(unreadable)?;
            done += bytes.len() as u64;
            if bytes.is_empty() {
                return Err(unreadable(std::io::ErrorKind::UnexpectedEof.into()));
            }
            let number = parts.len() + 1;
            let query = format!("partNumber={number}&uploadId={}", self.id);
            let answer = bucket.send("PUT", &self.asked(query), &bytes)?;
            let name = answer.header("etag").map(str::to_owned);
            let unnamed = || action.mismatch(answer.host(), "it does not name the part");
            parts.push(name.ok_or_else(unnamed)?);
        }
        // What checks the content does so at its end.
        let mut end = [0];
        match content.read(&mut end).map_err(unreadable)? {
            0 => Ok(parts),
            _ => Err(unreadable(std::io::ErrorKind::InvalidData.into())),
        }
    }

    /// Makes the parts an object.
    fn complete(&self, parts: &[String]) -> Result<(), Error> {
        let action = self.asked.action;
        let mut list = "<CompleteMultipartUpload>".to_owned();
        for (number, name) in (1..).zip(parts) {
            let name = name.replace('&', "&amp;").replace('<', "&lt;");
            list.push_str(&format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{name}</ETag></Part>"
            ));
        }
        list.push_str("</CompleteMultipartUpload>");
        let query = format!("uploadId={}", self.id);
        let completed = self
            .bucket
            .send("POST", &self.asked(query), list.as_bytes());
        let refused = match completed {
            Ok(answer) => {
                let host = answer.host().to_owned();
                let words = answer.read(action, ANSWER)?;
                // It begins to answer before it knows.
                match tag(&String::from_utf8_lossy(&words), "Code") {
                    None => return Ok(()),
                    Some(code) => {
                        action.mismatch(&host, format!("it does not join the parts: {code}"))
                    }
                }
            }
            Err(error) => error,
        };
        // The answer to an earlier try may have been lost.
        match self.bucket.length(self.asked.object) {
            Ok(Some(length)) if length == self.length => Ok(()),
            _ => Err(refused),
        }
    }

    fn abort(&self) -> Result<(), Error> {
        let asked = Asked {
            digest: Digest::sha256(b""),
            ..self.asked(format!("uploadId={}", self.id))
        };
        self.bucket.ask(&asked, &Request::new("DELETE")).map(drop)
    }
}
