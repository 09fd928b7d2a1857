//! RFC 9112, as far as it takes: one request and one answer a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Fault, State, respond};

/// The most that is read of a request.
const MAX_REQUEST: u64 = 256 << 20;

/// How often it is looked whether to go on.
const LOOK: Duration = Duration::from_millis(50);

/// How much of a request's content came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Whole,
    Part,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
}

impl Received {
    /// The first header of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first value of a field of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        let mut pairs = query.split('&');
        pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Reads all but the content.
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        /// How a TLS greeting begins, of which the end of a line would not come.
        const HANDSHAKE: u8 = 22;
        if reader.fill_buf().ok()?.first() == Some(&HANDSHAKE) {
            return None;
        }
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            Some(line.trim_end().to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Some(Self {
            method,
            path,
            headers,
            body: Vec::new(),
        })
    }

    /// Reads the content: not more than `limit` bytes of it. Is it whole?
    fn read_body(&mut self, reader: &mut impl BufRead, limit: u64) -> bool {
        if self.header("transfer-encoding") == Some("chunked") {
            return self.read_chunks(reader, limit).is_some();
        }
        let length = self.header("content-length");
        let length: u64 = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        let read = reader.take(length.min(limit)).read_to_end(&mut self.body);
        read.is_ok() && self.body.len() as u64 == length
    }

    /// RFC 9112, "Chunked Transfer Coding".
    fn read_chunks(&mut self, reader: &mut impl BufRead, limit: u64) -> Option<()> {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = u64::from_str_radix(line.trim(), 16).ok()?;
            let left = limit - self.body.len() as u64;
            let read = reader.take(length.min(left)).read_to_end(&mut self.body);
            if read.ok()? as u64 != length {
                return None;
            }
            line.clear();
            reader.read_line(&mut line).ok()?;
            if length == 0 {
                return Some(());
            }
        }
    }
}

/// An answer, before it is spoilt and sent.
#[derive(Clone, Debug)]
pub(super) struct Response {
    code: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Is `Range` understood?
    pub(super) ranges: bool,
    /// Is the length told?
    pub(super) length: bool,
    /// After how many bytes the connection breaks.
    pub(super) cut: Option<usize>,
    /// Does the connection stay when it should break?
    pub(super) stalls: bool,
    /// Is nothing sent at all?
    pub(super) silent: bool,
}

impl Response {
    pub(super) fn new(code: u16, body: &[u8]) -> Self {
        let (headers, body) = (Vec::new(), body.to_vec());
        Self {
            code,
            headers,
            body,
            ranges: false,
            length: true,
            cut: None,
            stalls: false,
            silent: false,
        }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.set(name, Some(value));
        self
    }

    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers
            .retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self.headers
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Keeps what `Range: bytes=N-` asks for.
    fn take_range(&mut self, request: &Received) {
        let range = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="));
        let first: Option<usize> = range.and_then(|range| range.strip_suffix('-')?.parse().ok());
        let Some(first) = first.filter(|_| self.ranges && self.code == 200) else {
            return;
        };
        let length = self.body.len();
        if first >= length {
            *self = Self::new(416, b"");
            return;
        }
        self.code = 206;
        self.body.drain(..first);
        let range = format!("bytes {first}-{}/{length}", length - 1);
        self.set("Content-Range", Some(&range));
    }

    fn send(&self, request: &Received, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Reason\r\nConnection: close\r\n", self.code);
        if self.length {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        if request.method != "HEAD" {
            let end = self.cut.unwrap_or(self.body.len()).min(self.body.len());
            stream.write_all(&self.body[..end])?;
        }
        stream.flush()
    }
}

/// Answers the one request of a connection.
pub(super) fn handle(stream: &TcpStream, state: &State) {
    let mut reader = BufReader::new(stream.take(MAX_REQUEST));
    let Some(mut request) = Received::read(&mut reader) else {
        return;
    };
    let faults = respond::due_faults(&mut state.lock().faults, &request);
    let limit = faults.iter().filter_map(Fault::limit).min();
    let whole = request.read_body(&mut reader, limit.unwrap_or(MAX_REQUEST));
    state.lock().received.push(request.clone());
    if !whole {
        // What came is kept by an upload; nobody is there to be told.
        drop(respond::respond(state, &request, &faults, Taken::Part));
        return;
    }
    let mut response = match faults.iter().any(Fault::is_refusal) {
        true => Response::new(500, b""),
        false => respond::respond(state, &request, &faults, Taken::Whole),
    };
    for fault in faults {
        fault.apply(&request, &mut response);
    }
    response.take_range(&request);
    if !response.silent {
        // Whoever hung up does not want it.
        drop(response.send(&request, stream));
    }
    if response.silent || response.stalls {
        wait_for_the_end(stream, state);
    }
}

/// Until the other side hangs up, or the registry is over.
fn wait_for_the_end(mut stream: &TcpStream, state: &State) {
    if stream.set_read_timeout(Some(LOOK)).is_err() {
        return;
    }
    while !state.stopped.load(Ordering::SeqCst) {
        match stream.read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}
