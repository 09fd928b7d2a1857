use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oci::{Descriptor, MediaType};
use registry::{Error, Pushed};
use testkit::{Access, Fault, Registry};

use super::{reference, repository};

const SIZE: usize = 100_000;

fn bytes() -> Vec<u8> {
    (0..SIZE).map(|n| (n % 251) as u8).collect()
}

fn layer() -> Descriptor {
    Descriptor::of(MediaType::OciLayer, &bytes())
}

fn content() -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(io::Cursor::new(bytes())))
}

/// What was asked for after the first look whether the blob is there, without names and digests.
fn methods(registry: &Registry) -> Vec<String> {
    let received = registry.received();
    let words = received.iter().map(|request| {
        let range = request.header("content-range");
        match range.filter(|_| request.method != "POST") {
            Some(range) => format!("{} {range}", request.method),
            None => request.method.clone(),
        }
    });
    words.collect()
}

/// Pushes a blob in spite of `faults`.
fn with(faults: &[(&str, usize, Fault)]) -> (Registry, Result<Pushed, Error>) {
    let registry = Registry::start();
    for (request, times, fault) in faults {
        registry.fail(request, *times, fault.clone());
    }
    let pushed = repository(&registry, "app:1").push_blob(&layer(), None, &content);
    if pushed.is_ok() {
        assert!(*registry.blobs().get(&layer().digest).unwrap() == bytes());
    }
    (registry, pushed)
}

fn status(code: u16, retry_after: Option<&str>) -> Fault {
    let retry_after = retry_after.map(str::to_owned);
    Fault::Status { code, retry_after }
}

#[test]
fn a_blob_is_looked_for_and_then_sent_in_one_piece() {
    let (registry, pushed) = with(&[]);
    assert_eq!(pushed.unwrap(), Pushed::Uploaded);
    assert_eq!(methods(&registry), ["HEAD", "POST", "PUT"]);
    let sent = &registry.received()[2];
    assert_eq!(sent.header("content-length"), Some("100000"));
    let repository = repository(&registry, "app:1");
    let again = repository.push_blob(&layer(), None, &content);
    assert_eq!(again.unwrap(), Pushed::Existing);
    assert_eq!(methods(&registry).len(), 4);
}

#[test]
fn an_empty_blob() {
    let registry = Registry::start();
    let empty = Descriptor::of(MediaType::OciLayer, b"");
    let repository = repository(&registry, "app:1");
    let nothing = || Ok(Box::new(io::empty()) as Box<dyn Read + Send>);
    repository.push_blob(&empty, None, &nothing).unwrap();
    assert!(repository.has_blob(&empty.digest).unwrap());
}

#[test]
fn a_broken_upload_goes_on_where_it_broke() {
    let (registry, pushed) = with(&[("PUT", 1, Fault::Break(30_000))]);
    pushed.unwrap();
    let expected = [
        "HEAD",
        "POST",
        "PUT",
        "HEAD",
        "GET",
        "PATCH 30000-99999",
        "PUT",
    ];
    assert_eq!(methods(&registry), expected);
}

#[test]
fn as_often_as_bytes_arrive() {
    let (_, pushed) = with(&[
        ("PUT", 1, Fault::Break(10_000)),
        ("PATCH", 8, Fault::Break(10_000)),
    ]);
    pushed.unwrap();
    let (registry, pushed) = with(&[
        ("PUT", 100, Fault::Break(0)),
        ("PATCH", 100, Fault::Break(0)),
    ]);
    let error = pushed.unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error}");
    let sent = methods(&registry);
    assert!(
        sent.iter().filter(|sent| sent.starts_with('P')).count() < 8,
        "{sent:?}"
    );
}

#[test]
fn an_upload_that_the_registry_has_forgotten_begins_again() {
    let faults = [("PUT", 1, Fault::Break(30_000)), ("GET", 1, Fault::Forget)];
    let (registry, pushed) = with(&faults);
    pushed.unwrap();
    let expected = ["HEAD", "POST", "PUT", "HEAD", "GET", "POST", "PUT"];
    assert_eq!(methods(&registry), expected);
    with(&[("PUT", 1, Fault::Forget)]).1.unwrap();
}

#[test]
fn a_part_that_was_not_taken_whole_is_completed() {
    let faults = [
        ("PUT", 1, Fault::Break(10)),
        ("PATCH", 1, Fault::Short(39_990)),
    ];
    let (registry, pushed) = with(&faults);
    pushed.unwrap();
    assert!(methods(&registry).contains(&"PATCH 40000-99999".to_owned()));
}

#[test]
fn an_answer_that_got_lost_costs_no_second_upload() {
    let (registry, pushed) = with(&[("PUT", 1, Fault::Header("Content-Length", Some("x".into())))]);
    pushed.unwrap();
    let expected = ["HEAD", "POST", "PUT", "HEAD"];
    assert_eq!(methods(&registry), expected);
}

#[test]
fn what_may_work_later_is_tried_again() {
    for request in ["HEAD", "POST", "PUT"] {
        for fault in [status(503, None), status(429, Some("0")), status(500, None)] {
            let (registry, pushed) = with(&[(request, 1, fault.clone())]);
            pushed.unwrap_or_else(|error| panic!("{request} {fault:?}: {error}"));
            assert!(methods(&registry).len() >= 4);
        }
        let (_, pushed) = with(&[(request, 1, status(429, Some("3600")))]);
        let error = pushed.unwrap_err();
        assert!(matches!(error, Error::TooManyRequests { .. }), "{error}");
        let (registry, pushed) = with(&[(request, 100, status(503, None))]);
        assert!(matches!(
            pushed.unwrap_err(),
            Error::Status { status: 503, .. }
        ));
        assert!(methods(&registry).len() < 20, "{:?}", methods(&registry));
    }
}

#[test]
fn what_will_not_work_is_not() {
    for code in [400, 403, 405] {
        let (registry, pushed) = with(&[("PUT", 100, status(code, None))]);
        pushed.unwrap_err();
        assert_eq!(methods(&registry), ["HEAD", "POST", "PUT"]);
    }
    let (registry, pushed) = with(&[("POST", 100, status(404, None))]);
    assert!(pushed.unwrap_err().is_not_found());
    assert_eq!(methods(&registry), ["HEAD", "POST"]);
}

#[test]
fn too_much_in_one_request_goes_in_pieces() {
    let (registry, pushed) = with(&[("PUT", 1, status(413, None))]);
    pushed.unwrap();
    let expected = [
        "HEAD",
        "POST",
        "PUT",
        "HEAD",
        "POST",
        "PATCH 0-99999",
        "PUT",
    ];
    assert_eq!(methods(&registry), expected);
}

#[test]
fn a_token_that_expires_on_the_way() {
    for request in ["POST", "PUT", "HEAD"] {
        let registry = Registry::start();
        registry.restrict(Access::Token {
            user: None,
            realm: None,
        });
        let repository = repository(&registry, "app:1");
        assert!(!repository.has_blob(&layer().digest).unwrap());
        let challenge = format!("Bearer realm=\"http://{}/token\"", registry.host());
        registry.fail(request, 1, status(401, None));
        registry.fail(
            request,
            1,
            Fault::Header("WWW-Authenticate", Some(challenge)),
        );
        repository.push_blob(&layer(), None, &content).unwrap();
        let requests = registry.requests();
        let tokens: Vec<&String> = requests.iter().filter(|it| it.contains("/token")).collect();
        assert_eq!(tokens.len(), 2, "{request}: {requests:?}");
        for token in tokens {
            assert!(token.ends_with("scope=repository:app:pull,push"), "{token}");
        }
    }
}

#[test]
fn locations() {
    let elsewhere = Registry::start();
    let place = |place: String| Fault::Header("Location", Some(place));
    // Relative ones, absolute ones, and whatever stands in the query.
    let (registry, pushed) = with(&[("POST", 1, place("upload-1?_state=upload-1".into()))]);
    pushed.unwrap();
    assert!(registry.requests()[2].contains("upload-1?_state=upload-1&digest=sha256:"));
    for wrong in [
        None,
        Some("ftp://h/x".to_owned()),
        Some("http://".to_owned()),
    ] {
        let (_, pushed) = with(&[("POST", 1, Fault::Header("Location", wrong))]);
        let error = pushed.unwrap_err();
        assert!(matches!(error, Error::Redirect { .. }), "{error}");
    }
    // Somebody else's place: nobody there knows the upload.
    let other = format!("http://{}/v2/app/blobs/uploads/upload-1", elsewhere.host());
    let (_, pushed) = with(&[("POST", 100, place(other))]);
    pushed.unwrap_err();
    assert!(elsewhere.received().len() > 1);
}

#[test]
fn somebody_else_gets_no_authorization() {
    let (registry, elsewhere) = (Registry::start(), Registry::start());
    registry.restrict(Access::Token {
        user: None,
        realm: None,
    });
    // It asks for credentials itself, too (CVE-2020-15157).
    elsewhere.restrict(Access::Token {
        user: None,
        realm: None,
    });
    let there = format!("http://{}", elsewhere.host());
    let upload = format!("{there}/v2/app/blobs/uploads/upload-1?_state=upload-1");
    registry.fail("POST", 1, Fault::Header("Location", Some(upload)));
    let repository = repository(&registry, "app:1");
    let pushed = repository.push_blob(&layer(), None, &content);
    assert!(pushed.unwrap_err().is_unauthorized());
    registry.fail("PUT", 1, Fault::Redirect(there.clone()));
    repository.push_blob(&layer(), None, &content).unwrap_err();
    registry.fail("PUT", 1, Fault::Redirect(there));
    repository
        .put_manifest("1", &MediaType::OciManifest, b"{}")
        .unwrap_err();
    assert_eq!(elsewhere.received().len(), 3);
    for request in elsewhere.received() {
        assert_eq!(request.header("authorization"), None, "{}", request.path);
    }
}

#[test]
fn a_blob_is_mounted_from_another_repository() {
    let registry = Registry::start();
    registry.restrict(Access::Token {
        user: None,
        realm: None,
    });
    let source = repository(&registry, "base/one:1");
    source.push_blob(&layer(), None, &content).unwrap();
    let before = registry.received().len();
    let target = repository(&registry, "app:1");
    let pushed = target
        .push_blob(&layer(), Some("base/one"), &content)
        .unwrap();
    assert_eq!(pushed, Pushed::Mounted);
    let requests = registry.requests().split_off(before);
    let both = "&scope=repository:app:pull,push&scope=repository:base/one:pull";
    assert!(
        requests.iter().any(|request| request.ends_with(both)),
        "{requests:?}"
    );
    assert!(
        !requests
            .iter()
            .any(|request| request.starts_with('P') && !request.contains("mount="))
    );
    assert!(target.has_blob(&layer().digest).unwrap());
}

#[test]
fn a_mount_that_is_refused_becomes_an_upload() {
    for (fault, opened) in [
        (Fault::NoMount, 1),
        (status(405, None), 2),
        (status(403, None), 2),
        (status(404, None), 2),
    ] {
        let registry = Registry::start();
        let source = repository(&registry, "base:1");
        source.push_blob(&layer(), None, &content).unwrap();
        let before = registry.received().len();
        registry.fail("mount=", 1, fault.clone());
        let target = repository(&registry, "app:1");
        let pushed = target.push_blob(&layer(), Some("base"), &content);
        assert_eq!(pushed.unwrap(), Pushed::Uploaded, "{fault:?}");
        let sent = methods(&registry).split_off(before);
        assert_eq!(
            sent.iter().filter(|sent| *sent == "POST").count(),
            opened,
            "{sent:?}"
        );
    }
}

#[test]
fn a_digest_that_is_not_the_one_sent() {
    let other = Fault::Header(
        "Docker-Content-Digest",
        Some(oci::Digest::sha256(b"other").to_string()),
    );
    let (_, pushed) = with(&[("PUT", 1, other.clone())]);
    let error = pushed.unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    let (registry, image) = super::registry_with_image();
    let repository = repository(&registry, "app:2");
    registry.fail("PUT", 1, other);
    let bytes = image.manifest.to_bytes();
    let error = repository
        .put_manifest("2", &MediaType::OciManifest, &bytes)
        .unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    let digest = repository
        .put_manifest("2", &MediaType::OciManifest, &bytes)
        .unwrap();
    assert_eq!(registry.tagged("app:2"), Some(digest.clone()));
    assert_eq!(
        repository.has_manifest("2").unwrap().unwrap().digest,
        digest
    );
    assert!(repository.has_manifest("3").unwrap().is_none());
}

#[test]
fn content_that_is_not_what_it_should_be_never_arrives() {
    type Open = Box<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Sync>;
    let opens: [(&str, Open); 4] = [
        (
            "digest",
            Box::new(|| Ok(Box::new(io::repeat(0).take(SIZE as u64)))),
        ),
        ("short", Box::new(|| Ok(Box::new(io::repeat(0).take(7))))),
        (
            "long",
            Box::new(|| Ok(Box::new(io::Cursor::new(bytes()).chain(io::repeat(0))))),
        ),
        ("gone", Box::new(|| Err(io::ErrorKind::NotFound.into()))),
    ];
    for (what, open) in &opens {
        let registry = Registry::start();
        let pushed = repository(&registry, "app:1").push_blob(&layer(), None, &|| open());
        match pushed {
            // More than was promised is not even read.
            Ok(_) => assert_eq!(*what, "long"),
            Err(error) => assert!(matches!(error, Error::Content { .. }), "{what}: {error}"),
        }
        assert!(methods(&registry).len() <= 4, "{what}");
    }
}

#[test]
fn a_blob_that_is_being_made_is_sent_as_it_comes() {
    let registry = Registry::start();
    let pieces = Arc::new(AtomicUsize::new(0));
    let open = || {
        let pieces = Arc::clone(&pieces);
        let read = move |piece: usize| {
            pieces.fetch_add(1, Ordering::Relaxed);
            vec![piece as u8; 1000]
        };
        let all: Vec<u8> = (0..100).flat_map(read).collect();
        Ok(Box::new(io::Cursor::new(all)) as Box<dyn Read + Send>)
    };
    let repository = repository(&registry, "app:1");
    let (digest, size) = repository.upload_stream(&open).unwrap();
    assert_eq!(size, 100_000);
    assert_eq!(registry.blobs().get(&digest).unwrap().len(), 100_000);
    assert_eq!(methods(&registry), ["POST", "PATCH", "PUT"]);
    let sent = &registry.received()[1];
    assert_eq!(sent.header("transfer-encoding"), Some("chunked"));
    registry.fail("PATCH", 1, Fault::Break(20_000));
    let error = repository.upload_stream(&open).unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error}");
}

#[test]
fn mirrors_are_for_pulling() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    let client = super::configured(&format!(
        "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
        registry.host(),
        mirror.host()
    ));
    let repository = client.repository(&reference(&registry, "app:1")).unwrap();
    repository.push_blob(&layer(), None, &content).unwrap();
    assert!(mirror.received().is_empty());
    assert_eq!(repository.location(), (registry.host().as_str(), "app"));
}
