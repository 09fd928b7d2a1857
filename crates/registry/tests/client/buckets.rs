//! Buckets, at a server that can misbehave.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use registry::{AccessKey, Bucket, BucketAddress, BucketStyle, Client, Error};

use crate::config;

/// What comes instead of the right answer.
enum Reply {
    /// An answer with these headers and this content; nothing is done.
    Answer(&'static str, String),
    /// What was asked is done, and nobody hears of it.
    Lost,
    /// The connection breaks after so many bytes of the content.
    Cut(usize),
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<usize, Vec<u8>>,
    requests: Vec<String>,
    replies: Vec<(&'static str, Reply)>,
}

/// A server of objects.
#[derive(Clone)]
struct Server(Arc<Mutex<State>>, String);

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let server = Self(Arc::default(), host);
        let this = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let this = this.clone();
                std::thread::spawn(move || while this.serve(stream.as_ref().unwrap()).is_some() {});
            }
        });
        server
    }

    fn reply(&self, to: &'static str, reply: Reply) {
        self.0.lock().unwrap().replies.push((to, reply));
    }

    fn requests(&self) -> Vec<String> {
        self.0.lock().unwrap().requests.clone()
    }

    fn object(&self, path: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    fn bucket(&self) -> Bucket {
        let address = BucketAddress {
            endpoint: Some(format!("http://{}/", self.1)),
            bucket: "b".to_owned(),
            region: "here".to_owned(),
            style: BucketStyle::Path,
            key: Some(AccessKey {
                id: "me".to_owned(),
                secret: "hush".to_owned(),
                session_token: Some("for a while".to_owned()),
            }),
        };
        Bucket::new(Client::new(config()), address)
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let asked = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        assert_eq!(headers["x-amz-security-token"], "for a while");
        let length = headers
            .get("content-length")
            .map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let digest = oci::Digest::sha256(&body);
        assert_eq!(headers["x-amz-content-sha256"], digest.hex());
        let mut state = self.0.lock().unwrap();
        state.requests.push(asked.clone());
        let planned = { state.replies.iter() }.position(|(to, _)| asked.contains(to));
        let planned = planned.map(|at| state.replies.remove(at).1);
        let (head, content) = match planned {
            Some(Reply::Answer(head, content)) => (head.to_owned(), content.into_bytes()),
            Some(Reply::Lost) => {
                state.act(&asked, &headers, body);
                return None;
            }
            Some(Reply::Cut(length)) => {
                let (head, content) = state.act(&asked, &headers, body);
                let whole = format!("HTTP/1.1 {head}content-length: {}\r\n\r\n", content.len());
                (&*stream).write_all(whole.as_bytes()).ok()?;
                (&*stream).write_all(&content[..length]).ok()?;
                return None;
            }
            None => state.act(&asked, &headers, body),
        };
        drop(state);
        let head = format!("HTTP/1.1 {head}content-length: {}\r\n\r\n", content.len());
        (&*stream).write_all(head.as_bytes()).ok()?;
        if !asked.starts_with("HEAD") {
            (&*stream).write_all(&content).ok()?;
        }
        Some(())
    }
}

impl State {
    fn act(
        &mut self,
        asked: &str,
        headers: &BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> (String, Vec<u8>) {
        let (method, place) = asked.split_once(' ').unwrap();
        let (path, query) = place.split_once('?').unwrap_or((place, ""));
        let ok = || "200 OK\r\n".to_owned();
        match (method, query) {
            ("PUT", "") => {
                self.objects.insert(path.to_owned(), body);
                (ok(), Vec::new())
            }
            ("PUT", part) => {
                let number = part.split(['=', '&']).nth(1).unwrap().parse().unwrap();
                self.parts.insert(number, body);
                (format!("200 OK\r\netag: \"{number}&\"\r\n"), Vec::new())
            }
            ("POST", "uploads=") => {
                let id = "<X><UploadId>a/b&amp;c</UploadId></X>";
                (ok(), id.into())
            }
            ("POST", _) if self.parts.is_empty() => {
                let gone = "<Error><Code>NoSuchUpload</Code></Error>";
                ("404 Not Found\r\n".to_owned(), gone.into())
            }
            ("POST", _) => {
                assert!(
                    String::from_utf8(body)
                        .unwrap()
                        .contains("<ETag>\"2&amp;\"</ETag>")
                );
                let whole = std::mem::take(&mut self.parts).into_values().flatten();
                self.objects.insert(path.to_owned(), whole.collect());
                (ok(), b"<X><ETag>\"x\"</ETag></X>".to_vec())
            }
            ("DELETE", _) => {
                self.parts.clear();
                ("204 No Content\r\n".to_owned(), Vec::new())
            }
            _ => match (self.objects.get(path), headers.get("range")) {
                (None, _) => ("404 Not Found\r\n".to_owned(), Vec::new()),
                (Some(object), None) => ("200 OK\r\netag: \"x\"\r\n".to_owned(), object.clone()),
                (Some(object), Some(range)) => {
                    assert_eq!(headers["if-match"], "\"x\"");
                    let from = range.trim_start_matches("bytes=").trim_end_matches('-');
                    let from: usize = from.parse().unwrap();
                    let range = format!("bytes {from}-{}/{}", object.len() - 1, object.len());
                    let head = format!("206 Partial\r\ncontent-range: {range}\r\netag: \"x\"\r\n");
                    (head, object[from..].to_vec())
                }
            },
        }
    }
}

/// Bytes that are not all the same.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// More than goes in one request.
const LARGE: usize = 20 << 20;

fn put(server: &Server, length: usize) -> Result<(), Error> {
    let content = bytes(length);
    let open =
        || -> std::io::Result<Box<dyn Read + Send>> { Ok(Box::new(Cursor::new(content.clone()))) };
    server.bucket().put("p/o", length as u64, &open)
}

fn get(server: &Server) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut reader = server.bucket().get("p/o").unwrap().unwrap();
    reader.read_to_end(&mut content)?;
    Ok(content)
}

fn answer(status: &'static str, code: &str, message: &str) -> Reply {
    let content = format!("<?xml?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Reply::Answer(status, content)
}

#[test]
fn a_small_object_goes_in_one_request() {
    let server = Server::start();
    assert!(server.bucket().get("p/o").unwrap().is_none());
    put(&server, 1000).unwrap();
    assert_eq!(server.bucket().length("p/o").unwrap(), Some(1000));
    assert_eq!(get(&server).unwrap(), bytes(1000));
    let requests = server.requests();
    assert_eq!(
        requests,
        ["GET /b/p/o", "PUT /b/p/o", "HEAD /b/p/o", "GET /b/p/o"]
    );
}

#[test]
fn a_large_one_goes_in_parts() {
    let server = Server::start();
    // Only the part is sent again that broke; and the answer to the end may be lost.
    server.reply(
        "PUT /b/p/o?partNumber=2&",
        answer("503 Slow\r\n", "SlowDown", "please"),
    );
    server.reply("PUT /b/p/o?partNumber=3&", Reply::Lost);
    server.reply("POST /b/p/o?uploadId=", Reply::Lost);
    put(&server, LARGE).unwrap();
    assert_eq!(server.object("/b/p/o").unwrap(), bytes(LARGE));
    let part = |n: usize| format!("PUT /b/p/o?partNumber={n}&uploadId=a%2Fb%26c");
    let requests = server.requests();
    let parts: Vec<&String> = requests.iter().filter(|it| it.starts_with("PUT")).collect();
    assert_eq!(parts, [&part(1), &part(2), &part(2), &part(3), &part(3)]);
}

#[test]
fn what_was_begun_is_taken_back() {
    let server = Server::start();
    server.reply(
        "partNumber=2&",
        answer("403 No\r\n", "AccessDenied", "not you"),
    );
    let error = put(&server, LARGE).unwrap_err().to_string();
    assert!(
        error.contains("AccessDenied: not you") && error.contains("s3:ListBucket"),
        "{error}"
    );
    let last = server.requests().pop().unwrap();
    assert_eq!(last, "DELETE /b/p/o?uploadId=a%2Fb%26c");
    // Success that is none, and no name for the upload or a part.
    server.reply(
        "POST /b/p/o?uploadId=",
        answer("200 OK\r\n", "InternalError", "oh"),
    );
    let error = put(&server, LARGE).unwrap_err().to_string();
    assert!(
        error.contains("does not join the parts: InternalError"),
        "{error}"
    );
    server.reply("POST", Reply::Answer("200 OK\r\n", "<X/>".to_owned()));
    let error = put(&server, LARGE).unwrap_err().to_string();
    assert!(error.contains("does not name the upload"), "{error}");
    server.reply("partNumber", Reply::Answer("200 OK\r\n", String::new()));
    let error = put(&server, LARGE).unwrap_err().to_string();
    assert!(error.contains("does not name the part"), "{error}");
    assert_eq!(server.object("/b/p/o"), None);
}

#[test]
fn content_that_cannot_be_read_is_not_tried_again() {
    let server = Server::start();
    for length in [1000, LARGE] {
        let open = || -> std::io::Result<Box<dyn Read + Send>> {
            struct Broken;
            impl Read for Broken {
                fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                    Err(std::io::Error::other("the disk is broken"))
                }
            }
            Ok(Box::new(Cursor::new(bytes(length / 2)).chain(Broken)))
        };
        let error = server
            .bucket()
            .put("p/o", length as u64, &open)
            .unwrap_err();
        assert!(matches!(error, Error::Content { .. }), "{error}");
    }
    // Too short and too long.
    for length in [LARGE - 1, LARGE + 1] {
        let open = || -> std::io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(Cursor::new(bytes(length))))
        };
        let error = server.bucket().put("p/o", LARGE as u64, &open).unwrap_err();
        assert!(matches!(error, Error::Content { .. }), "{error}");
    }
    assert_eq!(server.object("/b/p/o"), None);
}

#[test]
fn a_download_that_breaks_goes_on() {
    let server = Server::start();
    put(&server, 100_000).unwrap();
    for cut in [0, 1, 70_000] {
        server.reply("GET", Reply::Cut(cut));
    }
    assert_eq!(get(&server).unwrap(), bytes(100_000));
    // Something else is not its rest.
    server.reply("GET", Reply::Cut(10));
    server.reply(
        "GET",
        answer("412 Changed\r\n", "PreconditionFailed", "it is another one"),
    );
    let error = get(&server).unwrap_err().to_string();
    assert!(error.contains("PreconditionFailed"), "{error}");
    server.reply("GET", Reply::Cut(10));
    server.reply(
        "GET",
        Reply::Answer("200 OK\r\netag: \"x\"\r\n", "from its beginning".to_owned()),
    );
    let error = get(&server).unwrap_err().to_string();
    assert!(error.contains("another range"), "{error}");
}

#[test]
fn refusals_say_what_to_do() {
    let cases = [
        ("404 No\r\n", "NoSuchBucket", "make the bucket first"),
        ("403 No\r\n", "SignatureDoesNotMatch", "check access_key_id"),
        ("400 No\r\n", "ExpiredToken", "session token"),
        ("403 No\r\n", "RequestTimeTooSkewed", "clock"),
        (
            "301 No\r\nx-amz-bucket-region: there\r\n",
            "PermanentRedirect",
            "region=there",
        ),
        (
            "400 No\r\nx-amz-bucket-region: there\r\n",
            "AuthorizationHeaderMalformed",
            "region=there",
        ),
        ("418 No\r\n", "", "418"),
    ];
    for (status, code, words) in cases {
        let server = Server::start();
        server.reply("PUT", answer(status, code, "\u{1b}[31m"));
        let error = put(&server, 10).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains(code), "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
        assert_eq!(server.requests().len(), 1, "{error}");
    }
    // HEAD says nothing but the status.
    let server = Server::start();
    server.reply("HEAD", Reply::Answer("403 No\r\n", String::new()));
    let error = server.bucket().length("p/o").unwrap_err().to_string();
    assert!(error.contains("s3:ListBucket"), "{error}");
}

#[test]
fn a_redirect_takes_no_key_along() {
    let (server, other) = (
        Server::start(),
        TcpListener::bind(("127.0.0.1", 0)).unwrap(),
    );
    let there = other.local_addr().unwrap();
    let head: &'static str = format!("307 There\r\nlocation: http://{there}/x\r\n").leak();
    server.reply("GET", Reply::Answer(head, String::new()));
    let seen = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let head: Vec<String> = { lines.by_ref() }
            .map(Result::unwrap)
            .take_while(|l| !l.is_empty())
            .collect();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
            .unwrap();
        head
    });
    assert_eq!(get(&server).unwrap(), b"hi");
    let seen = seen.join().unwrap().join("\n").to_ascii_lowercase();
    assert!(!seen.contains("authorization:"), "{seen}");
    assert!(!seen.contains("for a while"), "{seen}");
}
