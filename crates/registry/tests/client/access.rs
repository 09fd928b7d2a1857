use std::error::Error as StdError;
use std::sync::Arc;

use registry::{Client, Config, Credential, Credentials, Error, Registries, Repository};
use testkit::{Access, Fault, Registry};

use super::{config, reference, registry_with_image, repository};

/// The same credentials for whoever asks, and for nobody else.
struct For(String);

impl Credentials for For {
    fn find(
        &self,
        registry: &str,
        _: &str,
    ) -> Result<Option<Credential>, Box<dyn StdError + Send + Sync>> {
        let (username, password) = ("me".to_owned(), "s3cret".to_owned());
        Ok((registry == self.0).then_some(Credential::Password { username, password }))
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![("X-Meta-Team".into(), "a".into())]
    }
}

fn logged_in(registry: &Registry) -> Repository {
    let credentials = Arc::new(For(registry.host()));
    let client = Client::new(Config {
        credentials,
        ..config()
    });
    client.repository(&reference(registry, "app:1")).unwrap()
}

fn token() -> Access {
    Access::Token {
        user: None,
        realm: None,
    }
}

fn token_for_me() -> Access {
    Access::Token {
        user: Some(("me".into(), "s3cret".into())),
        realm: None,
    }
}

fn basic() -> Access {
    Access::Basic {
        user: "me".into(),
        password: "s3cret".into(),
    }
}

#[test]
fn a_token_is_asked_for_once() {
    let (registry, image) = registry_with_image();
    registry.restrict(token());
    let repository = repository(&registry, "app:1");
    repository.resolve().unwrap();
    repository
        .blob(&image.manifest.layers[0])
        .unwrap()
        .finish()
        .unwrap();
    let blob = format!("GET /v2/app/blobs/{}", image.manifest.layers[0].digest);
    let expected = [
        "GET /v2/app/manifests/1",
        "GET /token?service=test&scope=repository:app:pull",
        "GET /v2/app/manifests/1",
        &blob,
    ];
    assert_eq!(registry.requests(), expected);
}

#[test]
fn credentials_go_to_the_token_server_only() {
    let (registry, _) = registry_with_image();
    registry.restrict(token_for_me());
    let error = repository(&registry, "app:1").resolve().unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert!(error.to_string().contains("carafe login"), "{error}");
    let before = registry.received().len();
    logged_in(&registry).resolve().unwrap();
    for request in &registry.received()[before..] {
        let authorization = request.header("authorization").unwrap_or_default();
        let is_token_server = request.path.starts_with("/token");
        assert_eq!(
            authorization.starts_with("Basic "),
            is_token_server,
            "{}",
            request.path
        );
    }
}

#[test]
fn refused_credentials() {
    let (registry, _) = registry_with_image();
    registry.restrict(Access::Token {
        user: Some(("me".into(), "other".into())),
        realm: None,
    });
    let error = logged_in(&registry).resolve().unwrap_err();
    assert!(matches!(error, Error::Authentication { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
    registry.restrict(Access::Basic {
        user: "me".into(),
        password: "other".into(),
    });
    assert!(
        logged_in(&registry)
            .resolve()
            .unwrap_err()
            .is_unauthorized()
    );
}

#[test]
fn basic_authentication() {
    let (registry, image) = registry_with_image();
    registry.restrict(basic());
    assert!(
        repository(&registry, "app:1")
            .resolve()
            .unwrap_err()
            .is_unauthorized()
    );
    let repository = logged_in(&registry);
    repository.resolve().unwrap();
    let before = registry.received().len();
    repository
        .blob(&image.manifest.layers[0])
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(registry.received().len(), before + 1, "it is known by now");
}

#[test]
fn a_token_that_has_become_old() {
    let (registry, _) = registry_with_image();
    registry.restrict(token());
    let repository = repository(&registry, "app:1");
    repository.resolve().unwrap();
    let challenge = format!("Bearer realm=\"http://{}/token\"", registry.host());
    registry.fail(
        "manifests",
        1,
        Fault::Status {
            code: 401,
            retry_after: None,
        },
    );
    registry.fail(
        "manifests",
        1,
        Fault::Header("WWW-Authenticate", Some(challenge)),
    );
    repository.resolve().unwrap();
    let tokens = registry
        .requests()
        .into_iter()
        .filter(|path| path.contains("/token"));
    assert_eq!(tokens.count(), 2);
}

#[test]
fn somebody_else_gets_no_authorization() {
    let (registry, image) = registry_with_image();
    let elsewhere = Registry::start();
    elsewhere.push("app:1", &image);
    for access in [token_for_me(), basic()] {
        registry.restrict(access);
        registry.fail(
            "/blobs/",
            2,
            Fault::Redirect(format!("http://{}", elsewhere.host())),
        );
        let repository = logged_in(&registry);
        repository.resolve().unwrap();
        repository
            .blob(&image.manifest.layers[0])
            .unwrap()
            .finish()
            .unwrap();
    }
    let received = elsewhere.received();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(request.header("authorization"), None);
    }
}

#[test]
fn somebody_else_gets_no_credentials_by_asking() {
    // CVE-2020-15157: whoever is redirected to answers with a challenge of its own.
    let (registry, image) = registry_with_image();
    let evil = Registry::start();
    evil.restrict(token_for_me());
    registry.fail(
        "/blobs/",
        1,
        Fault::Redirect(format!("http://{}", evil.host())),
    );
    let repository = logged_in(&registry);
    let error = repository.blob(&image.manifest.layers[0]).unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 401, .. }),
        "{error}"
    );
    assert_eq!(evil.received().len(), 1);
    assert_eq!(evil.received()[0].header("authorization"), None);
}

#[test]
fn strange_challenges() {
    for realm in [
        "",
        "/token",
        "ftp://h/token",
        "file:///etc/passwd",
        "nonsense ",
    ] {
        let (registry, _) = registry_with_image();
        registry.restrict(Access::Token {
            user: None,
            realm: Some(realm.into()),
        });
        let error = repository(&registry, "app:1").resolve().unwrap_err();
        assert!(
            matches!(error, Error::Authentication { .. }),
            "{realm}: {error}"
        );
    }
    for answer in ["", "{}", "[]", r#"{"token":"a\nb"}"#, r#"{"token":7}"#] {
        let (registry, _) = registry_with_image();
        registry.restrict(token());
        registry.fail("/token", 1, Fault::Content(answer.into()));
        let error = repository(&registry, "app:1").resolve().unwrap_err();
        assert!(
            matches!(error, Error::Authentication { .. }),
            "{answer}: {error}"
        );
    }
}

#[test]
fn redirects_in_a_circle() {
    let (registry, image) = registry_with_image();
    registry.fail("/blobs/", 100, Fault::Redirect(String::new()));
    let error = repository(&registry, "app:1")
        .blob(&image.manifest.layers[0])
        .unwrap_err();
    assert!(matches!(error, Error::Redirect { .. }), "{error}");
    assert!(registry.received().len() < 15);
}

#[test]
fn a_token_server_elsewhere() {
    // On this machine by another port: it gets what a token server must get, and no more than that.
    let (registry, _) = registry_with_image();
    let elsewhere = Registry::start();
    elsewhere.restrict(token_for_me());
    let realm = |host: &str| Access::Token {
        user: None,
        realm: Some(format!("http://{host}/token")),
    };
    registry.restrict(realm(&elsewhere.host()));
    logged_in(&registry).resolve().unwrap();
    let paths = elsewhere.requests();
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert!(paths[0].starts_with("GET /token?"), "{paths:?}");
    for request in registry.received() {
        let authorization = request.header("authorization").unwrap_or("Bearer ");
        assert!(authorization.starts_with("Bearer "), "{}", request.path);
    }
    // Somewhere else, without TLS: nothing is sent there, though this registry may do without.
    registry.restrict(realm("registry.test:1"));
    let error = logged_in(&registry).resolve().unwrap_err();
    assert!(matches!(error, Error::Authentication { .. }), "{error}");
    assert!(error.to_string().contains("without TLS"), "{error}");
    // Unless it is configured; now it cannot be found.
    let credentials = Arc::new(For(registry.host()));
    let text = "[[registry]]\nlocation = 'registry.test:1'\ninsecure = true";
    let client = Client::new(Config {
        credentials,
        registries: Registries::parse(text).unwrap(),
        ..config()
    });
    let error = client.resolve(&reference(&registry, "app:1")).unwrap_err();
    assert!(!matches!(error, Error::Authentication { .. }), "{error}");
}

#[test]
fn headers_for_registries_stay_with_them() {
    let (registry, image) = registry_with_image();
    let elsewhere = Registry::start();
    elsewhere.push("app:1", &image);
    registry.restrict(token());
    let place = format!("http://{}", elsewhere.host());
    registry.fail("/blobs/", 1, Fault::Redirect(place));
    let credentials = Arc::new(For(registry.host()));
    let client = Client::new(Config {
        credentials,
        ..config()
    });
    let (repository, _) = client.resolve(&reference(&registry, "app:1")).unwrap();
    let layer = &image.manifest.layers[0];
    repository.blob(layer).unwrap().finish().unwrap();
    for request in registry.received() {
        let is_registry = !request.path.starts_with("/token");
        let has = request.header("x-meta-team") == Some("a");
        assert_eq!(has, is_registry, "{}", request.path);
    }
    assert_eq!(elsewhere.received()[0].header("x-meta-team"), None);
}
