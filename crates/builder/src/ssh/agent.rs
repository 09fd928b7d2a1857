//! What is said between a client and an agent: one request, one answer.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::SshSource;
use super::key::SshKey;
use super::wire::{Reader, put_string};

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The longest message that OpenSSH's agent takes.
const LONGEST: usize = 256 << 10;

/// Answers a client until it hangs up.
pub(super) fn serve(mut client: UnixStream, source: &SshSource) -> io::Result<()> {
    let mut upstream = None;
    while let Some(request) = receive(&mut client)? {
        let answer = match source {
            SshSource::Keys(keys) => answer(keys, &request),
            SshSource::Agent(path) => forward(&mut upstream, path, &request),
        };
        send(&mut client, &answer.unwrap_or_else(|| vec![FAILURE]))?;
    }
    Ok(())
}

/// A message; `None` at the end.
fn receive(stream: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(1..=LONGEST).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}

fn send(stream: &mut UnixStream, message: &[u8]) -> io::Result<()> {
    let mut framed = Vec::with_capacity(message.len() + 4);
    put_string(&mut framed, message);
    stream.write_all(&framed)
}

/// Whether a request only uses keys. All others change the agent, or ask what this one does not know.
fn only_uses(request: &[u8]) -> bool {
    matches!(request.first(), Some(&(REQUEST_IDENTITIES | SIGN_REQUEST)))
}

/// Asks the agent that is there. `None` if the request is not let through, or the agent is gone.
fn forward(upstream: &mut Option<UnixStream>, path: &Path, request: &[u8]) -> Option<Vec<u8>> {
    if !only_uses(request) {
        return None;
    }
    if upstream.is_none() {
        *upstream = UnixStream::connect(path).ok();
    }
    let stream = upstream.as_mut()?;
    let answer = send(stream, request).and_then(|()| receive(stream));
    match answer {
        Ok(Some(answer)) => Some(answer),
        // It may be back for the next request.
        Ok(None) | Err(_) => {
            *upstream = None;
            None
        }
    }
}

/// Answers a request with keys of our own; `None` where it fails.
fn answer(keys: &[SshKey], request: &[u8]) -> Option<Vec<u8>> {
    let (&kind, body) = request.split_first()?;
    match kind {
        REQUEST_IDENTITIES => {
            let mut answer = vec![IDENTITIES_ANSWER];
            answer.extend(u32::try_from(keys.len()).ok()?.to_be_bytes());
            for key in keys {
                put_string(&mut answer, &key.public);
                put_string(&mut answer, key.comment.as_bytes());
            }
            Some(answer)
        }
        SIGN_REQUEST => {
            let mut reader = Reader(body);
            let (public, data, flags) = (reader.string()?, reader.string()?, reader.number()?);
            let key = keys.iter().find(|key| key.public == public)?;
            let mut answer = vec![SIGN_RESPONSE];
            put_string(&mut answer, &key.sign(data, flags)?);
            Some(answer)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{FAILURE, answer, only_uses};

    #[test]
    fn nothing_but_listing_and_signing() {
        for kind in 0..=255 {
            assert_eq!(only_uses(&[kind]), kind == 11 || kind == 13, "{kind}");
            assert_eq!(answer(&[], &[kind]).is_some(), kind == 11, "{kind}");
        }
        assert!(!only_uses(&[]) && answer(&[], &[]).is_none());
        assert_ne!(FAILURE, 11);
    }
}
