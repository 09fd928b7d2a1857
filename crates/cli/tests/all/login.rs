//! Logging in to a registry and out of it: who may pull, and what stays on the disk.

use crate::support::{Carafe, Said, said};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use testkit::{Access, ImageBuilder, Registry};

/// A home, and a registry with `app:1` for those who know the password.
struct World {
    carafe: Carafe,
    registry: Registry,
}

impl World {
    fn new() -> Self {
        let (carafe, registry) = (Carafe::empty(), Registry::start());
        let image = ImageBuilder::new().files(&[("hello", "world")]).build();
        registry.push("app:1", &image);
        registry.restrict(Access::Token {
            user: Some(("me".into(), "s3cret".into())),
            realm: None,
        });
        fs::create_dir(carafe.path("home")).unwrap();
        Self { carafe, registry }
    }

    fn host(&self) -> String {
        self.registry.host()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.carafe.command(args);
        command
            .env("HOME", self.carafe.path("home"))
            .env("XDG_RUNTIME_DIR", self.carafe.path("runtime"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("DOCKER_CONFIG")
            .env_remove("DOCKER_AUTH_CONFIG")
            .env_remove("REGISTRY_AUTH_FILE");
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        said(&self.command(args).output().unwrap())
    }

    fn login(&self, args: &[&str], password: &str) -> Said {
        let host = self.host();
        let args = [&["login", "-u", "me", "--password-stdin"], args, &[&host]].concat();
        let mut command = self.command(&args);
        feed(&mut command, password)
    }

    fn pull(&self) -> Said {
        self.run(&["pull", &format!("{}/app:1", self.host())])
    }

    fn docker_file(&self) -> PathBuf {
        self.carafe.path("home/.docker/config.json")
    }
}

fn feed(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may not read it, where something else is wrong.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    said(&child.wait_with_output().unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn in_and_out() {
    let world = World::new();
    let refused = world.pull();
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert!(refused.stderr.contains("carafe login"), "{refused:#?}");
    let wrong = world.login(&[], "wr0ng");
    assert_eq!(wrong.code, 1, "{wrong:#?}");
    assert!(wrong.stderr.contains("cannot log in to 127"), "{wrong:#?}");
    assert!(!wrong.stderr.contains("wr0ng"), "{wrong:#?}");
    assert!(!world.docker_file().exists());
    let right = world.login(&[], "s3cret\r\n");
    assert_eq!(right.code, 0, "{right:#?}");
    assert_eq!(right.stdout, "Login Succeeded\n");
    assert!(right.stderr.contains("not encrypted"), "{right:#?}");
    assert_eq!(mode(&world.docker_file()), 0o600);
    assert_eq!(world.pull().code, 0);
    let again = world.run(&["login", &world.host()]);
    assert_eq!(again.code, 0, "{again:#?}");
    assert!(again.stderr.contains("are accepted"), "{again:#?}");
    let out = world.run(&["logout", &format!("http://{}/v2/", world.host())]);
    assert!(out.stdout.starts_with("Removed"), "{out:#?}");
    assert_eq!(world.pull().code, 1);
    let out = world.run(&["logout", &world.host()]);
    assert_eq!(
        (out.code, out.stdout.starts_with("Not logged in")),
        (0, true)
    );
}

#[test]
fn other_places() {
    let world = World::new();
    let file = world.carafe.path("runtime/containers/auth.json");
    let told = world.login(&["--authfile", "auth.json"], "s3cret");
    assert_eq!(told.code, 0, "{told:#?}");
    let own = world.carafe.path("auth.json");
    let text = fs::read_to_string(&own).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(world.pull().code, 1, "that is nobody's default");
    let mut named = world.command(&["pull", "-q", &format!("{}/app:1", world.host())]);
    let named = said(&named.env("REGISTRY_AUTH_FILE", &own).output().unwrap());
    assert_eq!(named.code, 0, "{named:#?}");
    let mut variable = world.command(&["pull", "-q", &format!("{}/app:1", world.host())]);
    let variable = said(&variable.env("DOCKER_AUTH_CONFIG", &text).output().unwrap());
    assert_eq!(variable.code, 0, "{variable:#?}");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::rename(own, &file).unwrap();
    assert_eq!(world.pull().code, 0);
    let out = world.run(&["logout", &world.host()]);
    assert!(
        out.stderr.contains("runtime/containers/auth.json"),
        "{out:#?}"
    );
    let path = file.to_str().unwrap();
    let out = world.run(&["logout", "--all", "--authfile", path]);
    assert!(out.stdout.contains(&world.host()), "{out:#?}");
    assert_eq!(world.pull().code, 1);
}

#[test]
fn a_broken_file_is_told_and_a_helper_is_asked() {
    let world = World::new();
    world
        .carafe
        .write("home/.docker/config.json", b"{ \"auths\": 7 }");
    let told = world.pull();
    let place = ".docker/config.json: a value is of the wrong kind (line 1";
    assert_eq!(told.stderr.matches(place).count(), 1, "{told:#?}");
    let store = format!(r#"{{"credHelpers": {{"{}": "absent"}}}}"#, world.host());
    world
        .carafe
        .write("home/.docker/config.json", store.as_bytes());
    let told = world.pull();
    assert!(
        told.stderr.contains("docker-credential-absent"),
        "{told:#?}"
    );
}

#[test]
fn wrong_command_lines() {
    let world = World::new();
    let host = world.host();
    for (args, words) in [
        (&["login", &host][..], "no terminal"),
        (&["login", "-u", "me", &host], "no terminal"),
        (&["login", "--password-stdin", &host], "--username"),
        (
            &["login", "-p", "x", "--password-stdin", &host],
            "cannot be used",
        ),
        (&["logout", "--all", &host], "cannot be used"),
        (&["login", "-u", "me", "--password-stdin", &host], "empty"),
    ] {
        let told = world.run(args);
        assert_eq!(told.code, 2, "{args:?}: {told:#?}");
        assert!(told.stderr.contains(words), "{args:?}: {told:#?}");
    }
    let told = world.run(&["login", "-u", "me", "-p", "s3cret", &host]);
    assert_eq!(told.code, 0, "{told:#?}");
    assert!(told.stderr.contains("--password-stdin"), "{told:#?}");
}

/// carafe at a terminal, whose keys are the file's.
fn at_terminal(command: &mut Command) -> (Child, File) {
    let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keys).unwrap();
    unlockpt(&keys).unwrap();
    let name = ptsname(&keys, Vec::new()).unwrap();
    let name = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())).to_owned();
    let terminal = File::options().read(true).write(true).open(name).unwrap();
    let child = command
        .stdin(terminal)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (child, File::from(keys))
}

fn wait_for(words: &str, stderr: &mut impl Read) {
    let mut said = Vec::new();
    while !said.ends_with(words.as_bytes()) {
        let mut byte = [0];
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{said:?}");
        said.push(byte[0]);
    }
}

#[test]
fn a_typed_password_is_not_shown() {
    let world = World::new();
    for (typed, code) in [("s3creT\x7ft\r", 0), ("s3cr\x03", 1)] {
        let (mut child, mut keys) = at_terminal(&mut world.command(&["login", &world.host()]));
        let mut stderr = child.stderr.take().unwrap();
        wait_for("Username: ", &mut stderr);
        keys.write_all(b"me\n").unwrap();
        wait_for("Password: ", &mut stderr);
        keys.write_all(typed.as_bytes()).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(code));
        let mut shown = [0; 100];
        let length = keys.read(&mut shown).unwrap();
        let shown = String::from_utf8_lossy(&shown[..length]).into_owned();
        assert!(shown.contains("me") && !shown.contains("s3"), "{shown}");
        world.run(&["logout", &world.host()]);
    }
}
