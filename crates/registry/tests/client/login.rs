use std::sync::Arc;

use registry::{Client, Config, Credential, Error, Given, Login, Registries};
use testkit::{Access, Fault, Registry};

use super::{config, reference, registry_with_image};

fn client(registry: &Registry, credential: Credential) -> Client {
    let registry = registry.host();
    let credentials = Arc::new(Given {
        registry,
        credential,
    });
    Client::new(Config {
        credentials,
        ..config()
    })
}

fn password(password: &str) -> Credential {
    let (username, password) = ("me".to_owned(), password.to_owned());
    Credential::Password { username, password }
}

fn log_in(registry: &Registry, credential: Credential) -> Result<Login, Error> {
    client(registry, credential).login(&registry.host())
}

fn accesses() -> [Access; 3] {
    let (user, password) = ("me".to_owned(), "s3cret".to_owned());
    [
        Access::Basic {
            user: user.clone(),
            password: password.clone(),
        },
        Access::Token {
            user: Some((user.clone(), password.clone())),
            realm: None,
        },
        Access::IdentityToken {
            user,
            password,
            identity: "an-identity".into(),
        },
    ]
}

#[test]
fn the_password_is_checked() {
    let registry = Registry::start();
    assert!(
        log_in(&registry, password("any")).is_ok(),
        "it is open to all"
    );
    for access in accesses() {
        let gives_token = matches!(access, Access::IdentityToken { .. });
        registry.restrict(access);
        let login = log_in(&registry, password("s3cret")).unwrap();
        let token = gives_token.then_some("an-identity");
        assert_eq!(login.identity_token.as_deref(), token);
        assert!(!format!("{login:?}").contains("an-identity"));
        let error = log_in(&registry, password("wr0ng")).unwrap_err();
        assert!(matches!(error, Error::LoginRefused { .. }), "{error}");
        assert!(!error.to_string().contains("wr0ng"), "{error}");
    }
}

#[test]
fn an_identity_token_gets_tokens() {
    let (registry, _) = registry_with_image();
    let [_, _, access] = accesses();
    registry.restrict(access);
    let token = |text: &str| Credential::IdentityToken(text.into());
    let repository = client(&registry, token("an-identity"))
        .repository(&reference(&registry, "app:1"))
        .unwrap();
    repository.resolve().unwrap();
    let received = registry.received();
    let asked = received.iter().find(|request| request.method == "POST");
    let body = String::from_utf8_lossy(&asked.unwrap().body).into_owned();
    assert!(body.contains("scope=repository:app:pull"), "{body}");
    assert!(body.contains("service=test"), "{body}");
    assert!(log_in(&registry, token("an-identity")).is_ok());
    assert!(log_in(&registry, token("another")).is_err());
}

#[test]
fn a_registry_token_is_shown_as_it_is() {
    let (registry, _) = registry_with_image();
    registry.restrict(Access::Token {
        user: None,
        realm: None,
    });
    let token = |text: &str| Credential::RegistryToken(text.into());
    let resolve = |text| {
        let client = client(&registry, token(text));
        client.resolve(&reference(&registry, "app:1")).map(drop)
    };
    resolve("a-token-for-tests/repository:app:pull").unwrap();
    assert!(resolve("another").unwrap_err().is_unauthorized());
    assert!(
        !registry
            .requests()
            .iter()
            .any(|path| path.contains("/token"))
    );
    let error = resolve("with\nnewline").unwrap_err();
    assert!(!error.to_string().contains("newline"), "{error}");
}

#[test]
fn who_is_no_registry_gets_nothing() {
    let registry = Registry::start();
    registry.fail(
        "/v2/",
        1,
        Fault::Status {
            code: 404,
            retry_after: None,
        },
    );
    let error = log_in(&registry, password("s3cret")).unwrap_err();
    assert!(error.to_string().contains("no registry"), "{error}");
    let blocked = Client::new(Config {
        registries: Registries::parse("[[registry]]\nlocation = 'h.io'\nblocked = true").unwrap(),
        ..config()
    });
    let error = blocked.login("h.io").unwrap_err();
    assert!(matches!(error, Error::Blocked { .. }), "{error}");
    assert!(registry.received()[0].header("authorization").is_none());
}
