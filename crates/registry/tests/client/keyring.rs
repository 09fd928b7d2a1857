//! Where credentials are found and kept, with helpers that are programs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use registry::{
    Credential, CredentialError, Credentials, Helpers, Kept, Keyring, Observer, RegistryKey,
    SecretText, Source,
};

use super::Told;

/// A helper as the protocol has it, which keeps everything in files of a folder.
const KEEPER: &str = r#"
cd "$(dirname "$0")"
name() { tr -c 'a-zA-Z0-9\n' '_'; }
case "$1" in
    store) read -r input; echo "$input" >"kept-$(echo "$input" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/' | name)" ;;
    get) read -r server; cat "kept-$(echo "$server" | name)" 2>/dev/null ||
        { echo "credentials not found in native keychain"; exit 1; } ;;
    erase) read -r server; rm "kept-$(echo "$server" | name)" ;;
esac
"#;

/// A folder with a configuration and helpers.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn helper(&self, name: &str, script: &str) {
        let path = self.path(&format!("docker-credential-{name}"));
        // While this process has a program open for writing, a child that another test starts may have it, too.
        let mut writer = Command::new("sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(b"#!/bin/sh\n").unwrap();
        stdin.write_all(script.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
    }

    fn helpers(&self) -> Helpers {
        Helpers {
            search: vec![self.folder.path().to_owned()],
            ..Helpers::default()
        }
    }

    fn keyring(&self, sources: Vec<Source>) -> Keyring {
        Keyring::new(sources, self.helpers(), Observer::default())
    }

    /// Docker's file alone.
    fn docker(&self, text: &str) -> Keyring {
        let path = self.file("config.json", text);
        self.keyring(vec![Source::DockerFile(path)])
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn password(username: &str, password: &str) -> Credential {
    let (username, password) = (username.to_owned(), password.to_owned());
    Credential::Password { username, password }
}

fn find(keyring: &Keyring, registry: &str) -> Option<Credential> {
    keyring.find(registry, "some/app").unwrap()
}

fn failure(keyring: &Keyring) -> CredentialError {
    let error = keyring.find("h.io", "").unwrap_err();
    *error.downcast().unwrap()
}

#[test]
fn the_first_place_that_knows_counts() {
    let place = Place::new();
    let docker = place.file("config.json", r#"{"auths": {"a": {"auth": "YTox"}}}"#);
    let other = place.file(
        "auth.json",
        r#"{"auths": {"a": {"auth": "Yjoy"}, "b": {"auth": "Yjoy"}, "c": {"auth": "Yjoy"}}}"#,
    );
    let keyring = place.keyring(vec![
        Source::Variable {
            name: "DOCKER_AUTH_CONFIG",
            text: SecretText(r#"{"auths": {"c": {"auth": "Yzoz"}}}"#.into()),
        },
        Source::DockerFile(docker),
        Source::AuthFile(place.path("missing.json")),
        Source::AuthFile(other),
    ]);
    assert_eq!(find(&keyring, "a"), Some(password("a", "1")));
    assert_eq!(find(&keyring, "b"), Some(password("b", "2")));
    assert_eq!(find(&keyring, "c"), Some(password("c", "3")));
    assert_eq!(find(&keyring, "d"), None);
    assert!(!format!("{keyring:?}").contains("Yzoz"));
}

#[test]
fn a_place_that_is_broken_is_told_once_and_passed_over() {
    let place = Place::new();
    let broken = place.file("config.json", "{\n\"auths\": [\"s3cret\"]}");
    let other = place.file("auth.json", r#"{"auths": {"b": {"auth": "Yjoy"}}}"#);
    let told = Told::default();
    let sources = vec![Source::DockerFile(broken), Source::AuthFile(other)];
    let keyring = Keyring::new(sources, place.helpers(), told.observer());
    for _ in 0..2 {
        assert_eq!(find(&keyring, "b"), Some(password("b", "2")));
    }
    let told = told.all();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("config.json") && told[0].contains("line 2"),
        "{}",
        told[0]
    );
    assert!(!told[0].contains("s3cret"));
}

#[test]
fn a_helper_keeps_gives_and_forgets() {
    let place = Place::new();
    place.helper("keeper", KEEPER);
    let keyring = place.docker(r#"{"credsStore": "keeper", "other": true}"#);
    for (name, address) in [
        ("docker.io", "https://index.docker.io/v1/"),
        ("localhost:5000", "localhost:5000"),
    ] {
        let key = RegistryKey::new(name);
        assert_eq!(find(&keyring, name), None);
        for credential in [
            password("me", "s3\"cret"),
            Credential::IdentityToken("token".into()),
        ] {
            let kept = keyring.store(&key, "me", &credential).unwrap();
            assert_eq!(kept, Kept::ByHelper("docker-credential-keeper".into()));
            assert_eq!(find(&keyring, name), Some(credential));
        }
        let text = place.read("config.json");
        assert!(text.contains(&format!("\"{address}\": {{}}")), "{text}");
        assert!(!text.contains("cret"), "{text}");
        assert!(keyring.erase(&key).unwrap());
        assert!(!keyring.erase(&key).unwrap(), "there is nothing any more");
        assert_eq!(find(&keyring, name), None);
        assert!(!place.read("config.json").contains(address));
    }
    assert!(place.read("config.json").contains("other"));
}

#[test]
fn a_helper_for_one_registry() {
    let place = Place::new();
    place.helper(
        "one",
        r#"echo "{\"Username\":\"$1\",\"Secret\":\"$(cat)\"}""#,
    );
    place.helper(
        "all",
        "echo credentials not found in native keychain; exit 1",
    );
    let keyring = place.docker(
        r#"{"credsStore": "all", "credHelpers": {"one.io": "one"}, "auths": {
            "left.io": {"auth": "YTox"}, "one.io/team": {"auth": "Yjoy"}, "one.io": {"auth": "YTox"}
        }}"#,
    );
    assert_eq!(find(&keyring, "one.io"), Some(password("get", "one.io")));
    let team = keyring.find("one.io", "team/app").unwrap();
    assert_eq!(team, Some(password("b", "2")), "that is more precise");
    assert_eq!(find(&keyring, "left.io"), Some(password("a", "1")));
    assert_eq!(find(&keyring, "none.io"), None);
}

#[test]
fn helpers_of_registries_conf() {
    let place = Place::new();
    place.helper("keeper", KEEPER);
    let file = place.file("auth.json", r#"{"auths": {"b.io": {"auth": "Yjoy"}}}"#);
    let keyring = place.keyring(vec![
        Source::Helper("keeper".into()),
        Source::AuthFile(file),
    ]);
    let key = RegistryKey::new("a.io");
    keyring.store(&key, "me", &password("me", "1")).unwrap();
    assert_eq!(find(&keyring, "a.io"), Some(password("me", "1")));
    assert_eq!(find(&keyring, "b.io"), Some(password("b", "2")));
    assert!(keyring.erase(&key).unwrap());
    assert_eq!(find(&keyring, "a.io"), None);
}

#[test]
fn what_goes_wrong_with_helpers() {
    let place = Place::new();
    let docker = r#"{"credsStore": "odd"}"#;
    let error = failure(&place.docker(docker));
    assert!(
        matches!(error, CredentialError::HelperMissing { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("config.json"), "{error}");
    for (script, words) in [
        ("echo not JSON", "no JSON (line 1"),
        ("", "ends too early"),
        ("echo '[\"s3cret\"]'", "wrong kind"),
        (
            "echo '{\"Username\":1,\"Secret\":\"s3cret\"}'",
            "`Username` is no text",
        ),
        (
            "echo the keyring is locked; exit 1",
            "the keyring is locked",
        ),
        ("echo locked >&2; exit 3", "locked"),
        ("echo '{\"Secret\":\"s3cret\"'; exit 3", "exit status: 3"),
        ("printf 'a\\033[2Jb'; exit 1", "a[2Jb"),
        ("kill -9 $$", "signal: 9"),
    ] {
        place.helper("odd", script);
        let error = failure(&place.docker(docker)).to_string();
        assert!(error.contains(words), "{script}: {error}");
        assert!(error.contains("docker-credential-odd"), "{script}: {error}");
        assert!(!error.contains("s3cret"), "{script}: {error}");
    }
    place.helper("odd", "head -c 3000000 /dev/zero");
    failure(&place.docker(docker));
    let outside = place.docker(r#"{"credsStore": "/../../bin/sh"}"#);
    let error = failure(&outside);
    assert!(
        matches!(error, CredentialError::HelperMissing { .. }),
        "{error}"
    );
    place.helper("odd", "echo '{\"Username\":\"\",\"Secret\":\"\"}'");
    assert_eq!(find(&place.docker(docker), "h.io"), None);
}

#[test]
fn a_helper_that_hangs() {
    let place = Place::new();
    place.helper("slow", "exec sleep 600");
    let path = place.file("config.json", r#"{"credsStore": "slow"}"#);
    let keyring = |patience, cancel: &Arc<AtomicBool>| {
        let helpers = Helpers {
            patience,
            cancel: Arc::clone(cancel),
            ..place.helpers()
        };
        let sources = vec![Source::DockerFile(path.clone())];
        Keyring::new(sources, helpers, Observer::default())
    };
    let cancel = Arc::default();
    let error = failure(&keyring(Duration::from_millis(200), &cancel));
    assert!(
        matches!(error, CredentialError::HelperSilent { .. }),
        "{error}"
    );
    cancel.store(true, Ordering::Relaxed);
    let start = Instant::now();
    let error = failure(&keyring(Duration::from_secs(3600), &cancel));
    assert!(
        matches!(error, CredentialError::Cancelled { .. }),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_helper_that_leaves_somebody_behind() {
    let place = Place::new();
    place.helper(
        "odd",
        "sleep 2 >/dev/null 2>&1 & echo '{\"Username\":\"me\",\"Secret\":\"1\"}'",
    );
    let keyring = place.docker(r#"{"credsStore": "odd"}"#);
    assert_eq!(find(&keyring, "h.io"), Some(password("me", "1")));
}

#[test]
fn parts_of_registries_have_credentials_in_auth_files_only() {
    let place = Place::new();
    let key = RegistryKey::new("quay.io/team");
    let credential = password("me", "1");
    for text in ["{}", r#"{"credsStore": "x"}"#] {
        let error = place
            .docker(text)
            .store(&key, "me", &credential)
            .unwrap_err();
        assert!(
            matches!(error, CredentialError::WholeRegistriesOnly { .. }),
            "{error}"
        );
    }
    let keyring = place.keyring(vec![Source::AuthFile(place.path("auth.json"))]);
    let kept = keyring.store(&key, "me", &credential).unwrap();
    assert_eq!(kept, Kept::InFile(place.path("auth.json")));
    let found = |repository| keyring.find("quay.io", repository).unwrap();
    assert_eq!(found("team/app"), Some(credential));
    assert_eq!(found("other/app"), None);
}

#[test]
fn nowhere_to_keep_it() {
    let place = Place::new();
    let variable = Source::Variable {
        name: "DOCKER_AUTH_CONFIG",
        text: SecretText("{}".into()),
    };
    let error = place
        .keyring(vec![variable])
        .store(&RegistryKey::new("h"), "me", &password("me", "1"))
        .unwrap_err();
    assert!(matches!(error, CredentialError::NoPlace), "{error}");
    let path = Path::new("/proc/none/config.json").to_owned();
    let error = place
        .keyring(vec![Source::DockerFile(path)])
        .store(&RegistryKey::new("h"), "me", &password("me", "1"))
        .unwrap_err();
    assert!(matches!(error, CredentialError::Write { .. }), "{error}");
}

#[test]
fn all_are_forgotten() {
    let place = Place::new();
    place.helper("keeper", KEEPER);
    let keyring = place.docker(
        r#"{"auths": {"a.io": {"auth": "YTox"}, "https://index.docker.io/v1/": {"auth": "Yjoy"}},
            "credHelpers": {"kept.io": "keeper", "empty.io": "keeper"}}"#,
    );
    let kept = RegistryKey::new("kept.io");
    keyring.store(&kept, "me", &password("me", "1")).unwrap();
    let erased: Vec<String> = keyring
        .erase_all()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(erased, ["a.io", "docker.io", "kept.io"]);
    let text = place.read("config.json");
    assert!(
        text.contains("credHelpers") && !text.contains("a.io"),
        "{text}"
    );
    assert!(!place.path("kept-kept_io").exists());
}

#[test]
fn two_at_once_lose_nothing() {
    let place = Place::new();
    let path = place.file("config.json", "{}");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (place, path) = (&place, path.clone());
            scope.spawn(move || {
                let keyring = place.keyring(vec![Source::DockerFile(path)]);
                let key = RegistryKey::new(&format!("h{number}.io"));
                keyring.store(&key, "me", &password("me", "1")).unwrap();
            });
        }
    });
    let text = place.read("config.json");
    assert_eq!(text.matches("\"auth\"").count(), 8, "{text}");
}
