//! Messages on a stream of bytes: a header that says how long, then the JSON.
//!
//! Source: LSP 3.17, "Base Protocol".

use std::io::{self, BufRead, Read, Write};

/// The longest message that is read, in bytes.
pub(super) const LIMIT: u64 = 64 << 20;

/// The longest line of a header.
const LINE_LIMIT: u64 = 8 << 10;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A message.
    Body(Vec<u8>),
    /// A message of that many bytes, which was thrown away.
    TooLong(u64),
    /// Nothing any more.
    End,
}

/// Reads the next message. Lines that are no header are passed over, so that what follows is understood again.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Incoming> {
    let Some(length) = length(input)? else {
        return Ok(Incoming::End);
    };
    let mut body = input.take(length);
    if length > LIMIT {
        io::copy(&mut body, &mut io::sink())?;
        return Ok(Incoming::TooLong(length));
    }
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    Ok(match bytes.len() as u64 == length {
        true => Incoming::Body(bytes),
        false => Incoming::End,
    })
}

/// Reads a header up to the blank line that ends it; nothing if there is none any more.
fn length(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.take(LINE_LIMIT).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        match text.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            None if text.trim().is_empty() && length.is_some() => return Ok(length),
            _ => {}
        }
    }
}

/// Writes a message.
pub(super) fn write(out: &mut impl Write, body: &str) -> io::Result<()> {
    let message = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    out.write_all(message.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut input: &[u8]) -> Vec<Incoming> {
        let mut found = Vec::new();
        loop {
            match read(&mut input).unwrap() {
                Incoming::End => return found,
                incoming => found.push(incoming),
            }
        }
    }

    fn body(text: &str) -> Incoming {
        Incoming::Body(text.as_bytes().to_vec())
    }

    #[test]
    fn messages_are_read_as_they_are_written() {
        let mut out = Vec::new();
        write(&mut out, "{}").unwrap();
        write(&mut out, "\"é\"").unwrap();
        assert_eq!(all(&out), [body("{}"), body("\"é\"")]);
    }

    #[test]
    fn headers_are_read_as_others_write_them() {
        let text =
            b"content-length:2\r\nContent-Type: x; charset=utf-8\r\n\r\n{}Content-Length: 1\n\n1";
        assert_eq!(all(text), [body("{}"), body("1")]);
    }

    #[test]
    fn what_is_no_header_is_passed_over() {
        let text =
            b"nonsense\r\n\r\nContent-Length: -1\r\n\r\n\xff\xfe\r\nContent-Length: 2\r\n\r\n[]";
        assert_eq!(all(text), [body("[]")]);
        let long = [&[b'x'; 20_000][..], b"\nContent-Length: 2\r\n\r\n{}"].concat();
        assert_eq!(all(&long), [body("{}")]);
    }

    #[test]
    fn what_is_cut_off_is_no_message() {
        assert_eq!(all(b"Content-Length: 3\r\n\r\n{}"), []);
        assert_eq!(all(b"Content-Length: 3\r\n"), []);
        assert_eq!(all(b""), []);
    }

    #[test]
    fn a_length_is_not_believed() {
        let text = b"Content-Length: 18446744073709551615\r\n\r\n{}";
        assert_eq!(all(text), [Incoming::TooLong(u64::MAX)]);
    }
}
