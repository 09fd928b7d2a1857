use super::*;

fn file(text: &str) -> AuthFile {
    AuthFile::parse(text, "config.json").unwrap()
}

fn password(username: &str, password: &str) -> Credential {
    let (username, password) = (username.to_owned(), password.to_owned());
    Credential::Password { username, password }
}

/// The name or the token that is found for a repository.
fn found(text: &str, registry: &str, repository: &str) -> Option<String> {
    let (_, credential) = file(text).find(registry, repository).unwrap()?;
    Some(match credential {
        Credential::Password { username, password } => format!("{username}/{password}"),
        Credential::IdentityToken(token) => format!("identity {token}"),
        Credential::RegistryToken(token) => format!("registry {token}"),
    })
}

#[test]
fn the_most_precise_name_counts() {
    // a:1, b:2, c:3 in base64
    let text = r#"{"auths": {
        "quay.io": {"auth": "YToxCg=="},
        "quay.io/team": {"auth": "Yjoy"},
        "quay.io/team/app": {"username": "c", "password": "3"},
        "quay.io/empty": {}
    }}"#;
    for (repository, name) in [
        ("", "a"),
        ("other", "a"),
        ("teams", "a"),
        ("empty/x", "a"),
        ("team", "b"),
        ("team/x", "b"),
        ("team/app", "c"),
        ("team/app/x", "c"),
    ] {
        let found = found(text, "quay.io", repository).unwrap();
        assert!(found.starts_with(name), "{repository}: {found}");
    }
    assert_eq!(found(text, "quay.io:443", ""), None);
}

#[test]
fn docker_hub_by_all_its_names() {
    for name in [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "registry-1.docker.io",
    ] {
        let text = format!(r#"{{"auths": {{"{name}": {{"auth": "Yjoy"}}}}}}"#);
        let name = found(&text, "docker.io", "library/alpine");
        assert_eq!(name.as_deref(), Some("b/2"));
    }
    let both = r#"{"auths": {
        "https://index.docker.io/v1/": {"auth": "Yjoy"},
        "https://index.docker.io/v1/access-token": {"auth": "YTox"},
        "docker.io": {"auth": "YTox"}
    }}"#;
    assert_eq!(found(both, "docker.io", "").as_deref(), Some("b/2"));
}

#[test]
fn kinds_of_entries() {
    for (entry, expected) in [
        (r#"{"auth": "Yjoy"}"#, Some("b/2")),
        (r#"{"auth": " Yjoy\n"}"#, Some("b/2")),
        // Without padding, and with a colon and NULs in the password.
        (r#"{"auth": "YjoyOjMAAA"}"#, Some("b/2:3")),
        (
            r#"{"auth": "Yjo=", "identitytoken": "t"}"#,
            Some("identity t"),
        ),
        (r#"{"auth": "PHRva2VuPjp0"}"#, Some("identity t")),
        (r#"{"registrytoken": "t"}"#, Some("registry t")),
        (r#"{"email": "me@example.com"}"#, None),
        ("{}", None),
        ("null", None),
    ] {
        let text = format!(r#"{{"auths": {{"h": {entry}}}}}"#);
        assert_eq!(found(&text, "h", "x").as_deref(), expected, "{entry}");
    }
}

#[test]
fn errors_show_the_place_and_no_secret() {
    for (text, place) in [
        ("{\n  oops s3cret", "line 2"),
        (r#"{"auths": "s3cret"}"#, "line 1"),
        (r#"{"auths": {"h": "s3cret"}}"#, "line 1"),
        ("{\"credHelpers\":\n\n[\"s3cret\"]}", "line 3"),
        (r#"{"auths": {"h": {"auth": "s3cret!"}}}"#, "`h`"),
        // "s3cret" without a colon
        (r#"{"auths": {"h": {"auth": "czNjcmV0"}}}"#, "`h`"),
    ] {
        let error = AuthFile::parse(text, "the-file")
            .and_then(|file| file.find("h", "").map(drop))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the-file") && error.contains(place),
            "{error}"
        );
        assert!(
            !error.contains("s3cret") && !error.contains("czNj"),
            "{error}"
        );
    }
}

#[test]
fn secrets_are_not_shown() {
    let text = r#"{"auths": {"h": {"auth": "Yjoy"}}}"#;
    assert!(!format!("{:?}", file(text)).contains("Yjoy"));
    let credential = password("me", "s3cret");
    assert!(!format!("{credential:?}").contains("s3cret"));
}

#[test]
fn who_keeps_it() {
    let text = r#"{"credsStore": "pass", "credHelpers": {
        "gcr.io": "gcloud", "https://index.docker.io/v1/": "hub", "none.io": ""
    }}"#;
    let helper = |name: &str| {
        file(text)
            .helper(&RegistryKey::new(name))
            .map(str::to_owned)
    };
    assert_eq!(helper("gcr.io").as_deref(), Some("gcloud"));
    assert_eq!(helper("docker.io").as_deref(), Some("hub"));
    assert_eq!(helper("other.io").as_deref(), Some("pass"));
    assert_eq!(helper("none.io").as_deref(), Some("pass"));
    assert_eq!(file("").helper(&RegistryKey::new("a.io")), None);
}

#[test]
fn headers_that_go_to_registries() {
    let text = r#"{"HttpHeaders": {"X-Meta-Team": "a", "User-Agent": "Docker-Client/1",
        "X-Meta-Two Words": "b", "X-Meta-Lines": "c\nd"}}"#;
    let file = file(text);
    let headers: Vec<_> = file.registry_headers().collect();
    assert_eq!(headers, [("X-Meta-Team", "a")]);
}

#[test]
fn what_is_not_known_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/config.json");
    let mut file = AuthFile::read(&path).unwrap();
    file.set(&RegistryKey::new(""), Some(("me", &password("me", "1"))));
    file.write().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(
        (mode(&path), mode(path.parent().unwrap())),
        (0o600, 0o700),
        "what is new is private"
    );
    let text = r#"{"z":1,"auths":{"r":{"auth":"eDp5","email":"e"},"http://h":{}},"a":[1.50]}"#;
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut file = AuthFile::read(&path).unwrap();
    let token = Credential::IdentityToken("t".into());
    file.set(&RegistryKey::new("h"), Some(("me", &token)));
    file.write().unwrap();
    assert_eq!(mode(&path), 0o640, "nobody else may read it any more");
    let expected = r#"{"z":1,"auths":{"r":{"auth":"eDp5","email":"e"},
        "h":{"auth":"bWU6","identitytoken":"t"}},"a":[1.50]}"#;
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(read(&written), read(expected));
    let mut file = AuthFile::read(&path).unwrap();
    assert!(file.remove(&RegistryKey::new("https://h/v2/")));
    assert!(!file.remove(&RegistryKey::new("h")));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("config.json"), folder.path().join("dot"));
    fs::write(&target, "{}").unwrap();
    std::os::unix::fs::symlink("dot", &link).unwrap();
    let mut file = AuthFile::read(&link).unwrap();
    file.set(&RegistryKey::new("h"), None);
    file.write().unwrap();
    assert!(link.is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("\"h\": {}"));
}

#[test]
fn what_is_no_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = AuthFile::read(folder.path()).unwrap_err();
    assert!(matches!(error, CredentialError::Read { .. }), "{error}");
}

proptest::proptest! {
    /// Whatever stands in a file, the answer is credentials, none, or an error that says nothing of them.
    #[test]
    fn any_text(text in "\\PC{0,200}", auth in "[A-Za-z0-9+/=]{0,40}", name in "[a-z:/.]{0,12}") {
        drop(AuthFile::parse(&text, "file"));
        let made = format!(r#"{{"auths": {{"{name}": {{"auth": "{auth}"}}}}, "x": {text:?}}}"#);
        let Ok(mut file) = AuthFile::parse(&made, "file") else { return Ok(()) };
        for registry in ["docker.io", "a", &name] {
            if let Err(error) = file.find(registry, "a/b") {
                assert!(auth.len() < 5 || !error.to_string().contains(&auth), "{error}");
            }
        }
        let key = RegistryKey::new(&name);
        file.set(&key, Some(("me", &password("me", &auth))));
        let written = serde_json::to_string(file.content()).unwrap();
        let read = AuthFile::parse(&written, "file").unwrap();
        let found = read.find(key.host(), key.repository()).unwrap();
        assert_eq!(found, Some((key, password("me", &auth))));
    }
}
