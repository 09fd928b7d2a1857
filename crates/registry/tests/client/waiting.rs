use std::time::{Duration, Instant};

use registry::{Client, Config, Error};
use testkit::{Fault, Registry};

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

#[test]
fn nobody_there() {
    let registry = Registry::start();
    let gone = repository(&registry, "app:1");
    drop(registry);
    let error = gone.resolve().unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error}");
    assert!(error.is_retryable());
}
