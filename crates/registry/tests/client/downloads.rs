//! Plain files.

use std::io::Read as _;

use registry::{Client, Download, DownloadRequest, Downloaded, Error, Version};
use testkit::{Fault, Registry};

use crate::{config, inner};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn served(size: usize, headers: &[(&'static str, &str)]) -> (Registry, Vec<u8>) {
    let registry = Registry::start();
    let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    registry.put_file("/dir/file", &bytes, headers);
    (registry, bytes)
}

fn ask(registry: &Registry, known: Option<Version>) -> Result<Downloaded, Error> {
    Client::new(config()).download(&DownloadRequest {
        url: format!("http://{}/dir/file?x=1#top", registry.host()),
        authorization: None,
        known,
    })
}

fn content(downloaded: Downloaded) -> Box<Download> {
    match downloaded {
        Downloaded::Content(download) => download,
        Downloaded::Unchanged => panic!("there is content"),
    }
}

fn read(mut download: Box<Download>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    download.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn a_file_and_its_version() {
    let (registry, bytes) = served(100_000, &[("ETag", "\"1\""), ("Last-Modified", DATE)]);
    let download = content(ask(&registry, None).unwrap());
    assert_eq!(download.total(), Some(100_000));
    let version = download.version().clone();
    let since = version.modified().unwrap();
    let since = since.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_secs(), 784_111_777);
    assert_eq!(read(download).unwrap(), bytes);
    assert_eq!(registry.requests(), ["GET /dir/file?x=1"]);
    // It is asked for once more, and not sent.
    let again = ask(&registry, Some(version.clone())).unwrap();
    assert!(matches!(again, Downloaded::Unchanged));
    // A server that does not understand the question says by its tag that it is the same.
    registry.put_file("/dir/file", &bytes, &[("ETag", "W/\"1\"")]);
    assert!(matches!(
        ask(&registry, Some(version.clone())).unwrap(),
        Downloaded::Unchanged
    ));
    registry.put_file("/dir/file", b"new", &[("ETag", "\"2\"")]);
    assert_eq!(
        read(content(ask(&registry, Some(version)).unwrap())).unwrap(),
        b"new"
    );
}

#[test]
fn a_connection_that_breaks_is_taken_up_again() {
    for fault in [None, Some(Fault::NoRange)] {
        let (registry, bytes) = served(100_000, &[("ETag", "\"1\"")]);
        registry.fail("/dir", 1, Fault::Cut(60_000));
        let download = content(ask(&registry, None).unwrap());
        if let Some(fault) = fault {
            registry.fail("/dir", 1, fault);
        }
        assert_eq!(read(download).unwrap(), bytes);
    }
}

#[test]
fn another_file_is_not_the_rest_of_one() {
    let (registry, bytes) = served(100_000, &[("ETag", "\"1\"")]);
    registry.fail("/dir", 1, Fault::Cut(60_000));
    let download = content(ask(&registry, None).unwrap());
    registry.put_file("/dir/file", &bytes, &[("ETag", "\"2\"")]);
    let error = read(download).unwrap_err();
    assert!(inner(&error).in_short().contains("changed"), "{error}");
    // Without any word about versions nobody can tell.
    registry.put_file("/dir/file", &bytes, &[]);
    registry.fail("/dir", 1, Fault::Cut(60_000));
    let error = read(content(ask(&registry, None).unwrap())).unwrap_err();
    assert!(matches!(inner(&error), Error::Network { .. }), "{error}");
}

#[test]
fn statuses() {
    let (registry, _) = served(10, &[]);
    let status = |code| Fault::Status {
        code,
        retry_after: None,
    };
    registry.fail("/dir", 1, status(503));
    assert_eq!(
        read(content(ask(&registry, None).unwrap())).unwrap().len(),
        10
    );
    registry.fail("/dir", 1, status(404));
    let error = ask(&registry, None).unwrap_err();
    assert_eq!(error.in_short(), "404 not found");
    assert!(error.to_string().contains("/dir/file?x=1"), "{error}");
    registry.fail("/dir", 1, Fault::Redirect("file:///etc/passwd?".to_owned()));
    assert!(matches!(ask(&registry, None), Err(Error::Redirect { .. })));
    registry.put_file("/a/dir/file", b"there", &[]);
    let there = format!("http://{}/a", registry.host());
    registry.fail("/dir", 1, Fault::Redirect(there));
    assert_eq!(
        read(content(ask(&registry, None).unwrap())).unwrap(),
        b"there"
    );
}

#[test]
fn credentials_stay_with_their_host() {
    let (registry, _) = served(10, &[]);
    let other = Registry::start();
    other.put_file("/dir/file", b"x", &[]);
    registry.fail(
        "/dir",
        1,
        Fault::Redirect(format!("http://{}", other.host())),
    );
    let request = DownloadRequest {
        url: format!("http://me:secret@{}/dir/file", registry.host()),
        ..DownloadRequest::default()
    };
    let downloaded = Client::new(config()).download(&request).unwrap();
    assert_eq!(read(content(downloaded)).unwrap(), b"x");
    assert!(registry.received()[0].header("authorization").is_some());
    assert!(other.received()[0].header("authorization").is_none());
    registry.fail(
        "/dir",
        1,
        Fault::Status {
            code: 403,
            retry_after: None,
        },
    );
    let error = Client::new(config()).download(&request).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}
