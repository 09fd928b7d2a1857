use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use registry::{Client, Config, Error, Proxies, Repository, Retries, Timeouts};
use testkit::{Fault, Image, Registry};

use super::{Told, config, reference, registry_with_image, repository};

fn status(code: u16) -> Fault {
    Fault::Status {
        code,
        retry_after: None,
    }
}

#[test]
fn a_moments_failure_is_waited_out() {
    for code in [429, 500, 502, 503, 504] {
        let (registry, _) = registry_with_image();
        registry.fail("manifests", 2, status(code));
        let told = Told::default();
        let client = Client::new(Config {
            observer: told.observer(),
            ..config()
        });
        client.resolve(&reference(&registry, "app:1")).unwrap();
        assert_eq!(
            told.all(),
            ["retrying after 1", "retrying after 2"],
            "{code}"
        );
    }
}

#[test]
fn a_lasting_failure_is_an_error() {
    let (registry, image) = registry_with_image();
    registry.fail("/v2/", 3, status(503));
    let error = repository(&registry, "app:1").resolve().unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 503, .. }),
        "{error}"
    );
    registry.fail("/v2/", 3, status(503));
    let error = repository(&registry, "app:1")
        .blob(&image.manifest.layers[0])
        .unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 503, .. }),
        "{error}"
    );
    assert_eq!(registry.received().len(), 6);
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    for code in [400, 404, 405, 418, 501] {
        let (registry, _) = registry_with_image();
        // A 400 may mean that TLS is wanted: that is tried, and does not reach the registry.
        registry.fail("/v2/", 9, status(code));
        repository(&registry, "app:1").resolve().unwrap_err();
        assert_eq!(registry.received().len(), 1, "{code}");
    }
}

#[test]
fn the_registry_says_how_long_to_wait() {
    let (registry, _) = registry_with_image();
    let wait = |seconds: &str| Fault::Status {
        code: 429,
        retry_after: Some(seconds.into()),
    };
    registry.fail("manifests", 1, wait("1"));
    let start = Instant::now();
    repository(&registry, "app:1").resolve().unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    registry.fail("manifests", 1, wait("3600"));
    let start = Instant::now();
    let error = repository(&registry, "app:1").resolve().unwrap_err();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "an hour is too long"
    );
    let Error::TooManyRequests { retry_after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
}

/// A configuration that would wait long.
fn patient() -> Config {
    Config {
        retries: Retries::default(),
        ..Config::default()
    }
}

#[test]
fn nobody_there_is_said_at_once() {
    let registry = Registry::start();
    let gone = reference(&registry, "app:1");
    // No name server is asked for a name that is too long.
    let nowhere = format!("{}.invalid/app:1", "a".repeat(64)).parse().unwrap();
    drop(registry);
    for reference in [gone, nowhere] {
        let told = Told::default();
        let client = Client::new(Config {
            observer: told.observer(),
            ..patient()
        });
        let start = Instant::now();
        let error = client.resolve(&reference).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
        assert_eq!(error.host(), Some(reference.registry()));
        assert!(start.elapsed() < Duration::from_secs(5), "{error}");
        assert_eq!(told.all(), ["retrying after 1"]);
    }
}

#[test]
fn who_has_answered_is_waited_for() {
    let (registry, _) = registry_with_image();
    let reference = reference(&registry, "app:1");
    let client = Client::new(config());
    client.resolve(&reference).unwrap();
    drop(registry);
    let error = client.resolve(&reference).unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error}");
    assert!(
        error.to_string().contains("refuses the connection"),
        "{error}"
    );
}

#[test]
fn silence_has_a_limit() {
    let (registry, _) = registry_with_image();
    registry.fail("manifests", 1, Fault::Silence);
    let timeouts = Timeouts {
        silence: Duration::from_millis(300),
        ..Timeouts::default()
    };
    let told = Told::default();
    let client = Client::new(Config {
        timeouts,
        observer: told.observer(),
        ..config()
    });
    client.resolve(&reference(&registry, "app:1")).unwrap();
    assert_eq!(told.all(), ["retrying after 1"]);
}

/// Cancels soon, and checks that the registry's silence ends then.
fn cancelled_soon(fault: Fault, path: &str, get: impl Fn(&Repository, &Image) -> Error) {
    let (registry, image) = registry_with_image();
    registry.fail(path, 1, fault);
    let client = Client::new(patient());
    let repository = client.repository(&reference(&registry, "app:1")).unwrap();
    let cancel = Arc::clone(&client.config().cancel);
    let canceller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        cancel.store(true, Ordering::Relaxed);
        Instant::now()
    });
    let error = get(&repository, &image);
    let since = canceller.join().unwrap().elapsed();
    assert!(error.is_cancelled(), "{error}");
    assert!(since < Duration::from_secs(1), "{since:?}");
}

#[test]
fn a_registry_that_does_not_answer_can_be_given_up() {
    cancelled_soon(Fault::Silence, "manifests", |repository, _| {
        repository.resolve().unwrap_err()
    });
}

#[test]
fn a_blob_that_stalls_can_be_given_up() {
    cancelled_soon(Fault::Stall(50_000), "blobs", |repository, image| {
        let mut reader = repository.blob(&image.manifest.layers[0]).unwrap();
        let mut start = vec![0; 50_000];
        reader.read_exact(&mut start).unwrap();
        let error = reader.finish().unwrap_err();
        error.downcast::<Error>().unwrap()
    });
}

#[test]
fn a_proxy_that_does_not_answer_can_be_given_up() {
    // Connections are accepted by the kernel; nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap();
    let client = Client::new(Config {
        proxies: Proxies {
            https: Some(format!("http://{host}")),
            ..Proxies::default()
        },
        ..patient()
    });
    let cancel = Arc::clone(&client.config().cancel);
    let canceller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        cancel.store(true, Ordering::Relaxed);
        Instant::now()
    });
    let reference = "registry.invalid/app:1".parse().unwrap();
    let error = client.resolve(&reference).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    assert!(canceller.join().unwrap().elapsed() < Duration::from_secs(1));
}
